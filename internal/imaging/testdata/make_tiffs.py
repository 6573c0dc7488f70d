"""Makes the TIFFs of testdata/tiff, and golden.json: what Pillow reads of them, as rows of hexadecimal RGBA values.

    python make_tiffs.py testdata/tiff        # needs pillow==13.0.0
"""

import json
import os
import sys

from PIL import Image, ImageDraw

out = sys.argv[1]
picture = Image.new("RGB", (19, 13), (250, 240, 230))
draw = ImageDraw.Draw(picture)
draw.ellipse((2, 2, 14, 10), fill=(40, 90, 200))
draw.rectangle((9, 4, 16, 8), fill=(220, 40, 60))
alpha = Image.linear_gradient("L").resize(picture.size)
rgba = picture.copy()
rgba.putalpha(alpha)
black = picture.convert("1", dither=Image.Dither.NONE)
golden = {}


def save(name, image, **options):
    path = os.path.join(out, name + ".tif")
    image.save(path, **options)
    with Image.open(path) as read:
        read.load()
        golden[name] = read.convert("RGBA").tobytes().hex()


for zero in (0, 1):  # White is zero, black is zero.
    for compression in ("raw", "tiff_lzw", "packbits", "tiff_ccitt", "group3", "group4"):
        save(f"{compression}_{zero}", black, compression=compression, tiffinfo={262: zero})
save("group4_reversed", black, compression="group4", tiffinfo={266: 2})
save("group3_two_1", black, compression="group3", tiffinfo={262: 1, 292: 1})
save("group3_fill_1", black, compression="group3", tiffinfo={262: 1, 292: 4})
noise = Image.new("1", (203, 40))
noise.putdata([255 * (hash((i * 7919, i // 3)) % 97 > 60) for i in range(203 * 40)])
wide = Image.new("1", (6000, 9), 1)
draw = ImageDraw.Draw(wide)
for i in range(9):  # Runs of any length.
    draw.rectangle((i * 300, i, i * 300 + (5, 63, 64, 65, 1000, 1728, 2559, 2560, 2700)[i], i + 2), fill=i % 2)
for kind, image in (("noise", noise), ("wide", wide)):
    for compression in ("raw", "tiff_ccitt", "group3", "group4"):
        image.save(os.path.join(out, f"{kind}_{compression}.tif"), compression=compression)
    image.save(os.path.join(out, f"{kind}_group3_two.tif"), compression="group3", tiffinfo={292: 1})
for big in (False, True):
    kind = "_big" if big else ""
    save("rgba" + kind, rgba, big_tiff=big)
    save("grey_alpha" + kind, rgba.convert("LA"), compression="tiff_lzw", big_tiff=big)
    save("palette" + kind, picture.quantize(8), compression="packbits", big_tiff=big)
    save("cmyk" + kind, picture.convert("CMYK"), compression="tiff_adobe_deflate", big_tiff=big)
save("predictor", picture, compression="tiff_lzw", tiffinfo={317: 2})
save("jpeg", picture, compression="jpeg", quality=95)
save("jpeg_strips", picture, compression="jpeg", quality=95, strip_size=19 * 3 * 8)
save("jpeg_grey", picture.convert("L"), compression="jpeg", quality=95)
save("jpeg_grey_alpha", rgba.convert("LA"), compression="jpeg", quality=95)
save("jpeg_luma", picture.convert("YCbCr"), compression="jpeg", quality=95)
save("jpeg_cmyk", picture.convert("CMYK"), compression="jpeg", quality=95)
with open(os.path.join(out, "golden.json"), "w") as file:
    json.dump(golden, file, indent=0)
    file.write("\n")
