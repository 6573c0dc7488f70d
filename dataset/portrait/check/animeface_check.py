"""Measures drawn portraits with animeface, a face detector trained on real anime.

    python animeface_check.py DIR [--faces 0.9] [--colours 0.8]

DIR is what `moelab data draw` writes: DIR/<colour>/<number>.png and DIR/labels.csv with the columns file,colour.
Prints how often a face is found, and how often the hair colour that animeface reads there is nearest, in CIELAB (CIE76),
to the typical colour of the asked class. The rate of colours is of all pictures: a face not found is a miss.
Exit status 1 if a rate is below its target. Needs animeface==2.0.3 and pillow==11.0.0.
"""
import argparse
import collections
import csv
import pathlib
import re
import sys

import animeface
from PIL import Image

# The typical colours of the classes, from the package's source.
SOURCE = pathlib.Path(__file__).parent.parent / 'colour.go'
TYPICAL = {
    name: (int(r), int(g), int(b))
    for name, r, g, b in re.findall(r'"(\w+)", Opaque\((\d+), (\d+), (\d+)\)', SOURCE.read_text(encoding='utf-8'))
}


def lab(rgb):
    """CIELAB (D65) of an sRGB colour of 0…255."""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb))
    x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047
    y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b
    z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def nearest(rgb):
    """The class whose typical colour is nearest in CIELAB."""
    here = lab(rgb)
    return min(TYPICAL, key=lambda name: sum((a - b) ** 2 for a, b in zip(here, lab(TYPICAL[name]))))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('dir', type=pathlib.Path)
    parser.add_argument('--faces', type=float, default=0.9, help='least rate of faces found')
    parser.add_argument('--colours', type=float, default=0.8, help='least rate of hair colours read as asked')
    parser.add_argument('--misses', action='store_true', help='name the pictures that miss')
    args = parser.parse_args()

    with open(args.dir / 'labels.csv', newline='') as f:
        rows = list(csv.DictReader(f))
    if not rows:
        sys.exit(f'{args.dir / "labels.csv"} lists no picture')
    found = right = 0
    asked, read = collections.Counter(), collections.Counter()
    for row in rows:
        faces = animeface.detect(Image.open(args.dir / row['file']).convert('RGB'))
        asked[row['colour']] += 1
        if not faces:
            if args.misses:
                print(f'{row["file"]}: no face')
            continue
        found += 1
        hair = max(faces, key=lambda face: face.likelihood).hair.color
        seen = nearest((hair.r, hair.g, hair.b))
        if seen == row['colour']:
            right += 1
            read[seen] += 1
        elif args.misses:
            print(f'{row["file"]}: read as {seen}, ({hair.r}, {hair.g}, {hair.b})')

    print('asked    pictures  right')
    for name in TYPICAL:
        print(f'{name:8} {asked[name]:8}  {read[name]:5}')
    faces, colours = found / len(rows), right / len(rows)
    print(f'faces found:   {found}/{len(rows)} = {faces:.3f} (target {args.faces})')
    print(f'colours right: {right}/{len(rows)} = {colours:.3f} (target {args.colours})')
    return 0 if faces >= args.faces and colours >= args.colours else 1


if __name__ == '__main__':
    sys.exit(main())
