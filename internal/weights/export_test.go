package weights

// For the fuzz tests, which need no files.
var (
	ParseParam = parseParam
	ReadBin    = readBin
	ParseONNX  = parseONNX
)
