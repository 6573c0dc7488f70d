package imaging

// Delays returns the delay of each frame without decoding any.
func (p *Picture) Delays() []Delay {
	var delays []Delay
	for _, part := range p.parts {
		delays = append(delays, part.delay)
	}
	return delays
}

// Salvage reads the intact frames of an animation that [Open] rejects, such as an interrupted download: those before
// the damage. It returns nil if there are fewer than two. The last one may still prove broken when it is decoded.
func Salvage(path string) *Picture {
	data, err := readFile(path)
	if err != nil {
		return nil
	}
	return salvage(data)
}

// salvage is [Salvage] for the contents of a file.
func salvage(data []byte) *Picture {
	file, err := open(data) // Readers return the structure that they have read so far.
	if err != nil && begins(data, pngSignature) {
		file.salvagePNG(data)
	}
	if len(file.parts) < 2 || checkSize(file.canvas) != nil {
		return nil
	}
	p, err := file.picture()
	if err != nil {
		return nil
	}
	return p
}

// salvagePNG finds the frames in the intact chunks. Faults of the others have been reported already.
func (f *file) salvagePNG(data []byte) {
	var damage error
	defer recovered(&damage)
	chunks, _ := readChunks(data)
	f.parts = nil
	for _, c := range chunks {
		if c.name == "acTL" {
			_ = f.readAnimation(chunks)
			break
		}
	}
}
