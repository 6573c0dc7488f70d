"""Makes small pictures, one of each kind that people have, and golden.json: what Pillow reads of them.

    python make_stills.py DIR        # needs pillow==11.0.0

The tests run it in a temporary folder; see picturetest.Stills.

golden.json says for each picture what is left of it after EXIF orientation, white behind what is transparent, a centred
square crop and a bicubic resize: {"file": …, "size": …, "rgb": [size * size * 3 values, 0–255]}.
bicubic.json says what edges.png, lines of one pixel and noise, becomes at other sizes: {"width": …, "height": …, "rgb": …}.
"""

import json
import math
import os
import struct
import sys
import zlib

from PIL import Image, ImageDraw, ImageOps

WIDTH, HEIGHT = 64, 48


def base():
    """Gradients, hard edges and fine lines, the same for ever."""
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            wave = 0.5 + 0.5 * math.sin(x * y / 40)
            picture.putpixel((x, y), (4 * x, 255 - 5 * y, int(200 * wave)))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((18, 8, 34, 24), fill=(240, 30, 40))
    draw.rectangle((36, 26, 54, 44), fill=(20, 40, 200))
    for x in range(10, 30, 3):
        draw.line((x, 28, x + 4, 44), fill=(255, 255, 255))
    return picture


def edges():
    """What a kernel with negative weights overshoots at: black and white side by side, and random values."""
    picture = Image.new("RGB", (61, 37))
    state = 1
    for y in range(picture.height):
        for x in range(picture.width):
            state = state * 1103515245 + 12345 & 0x7FFFFFFF
            noise = (state >> 7 & 255, state >> 15 & 255, state >> 23 & 255)
            line = 255 * (x % 5 == 0 or y % 7 == 0)
            picture.putpixel((x, y), noise if x > 30 else (line, line, 255 - line))
    return picture


def with_alpha(picture):
    alpha = Image.linear_gradient("L").resize(picture.size)
    picture = picture.copy()
    picture.putalpha(alpha)
    return picture


def read(path, size):
    """What a reader that does everything right gets."""
    picture = ImageOps.exif_transpose(Image.open(path))
    if picture.mode == "I;16":  # 16-bit grey: Pillow would clip it to 8 bits instead of scaling.
        picture = picture.point(lambda v: v / 257).convert("L")
    picture = picture.convert("RGBA")
    white = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    picture = Image.alpha_composite(white, picture).convert("RGB")
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    picture = picture.crop((left, top, left + side, top + side))
    return list(picture.resize((size, size), Image.BICUBIC).tobytes())


def png16(path, rgb, alpha):
    """A PNG with 16 bits a channel, which Pillow cannot write."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b""
    for y in range(rgb.height):
        rows += b"\0"
        for x in range(rgb.width):
            values = [v * 257 for v in rgb.getpixel((x, y))]
            if alpha:
                values.append(x * 1040)
            rows += struct.pack(">%dH" % len(values), *values)
    header = struct.pack(">IIBBBBB", rgb.width, rgb.height, 16, 6 if alpha else 2, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def ycck(cmyk, path):
    """The same numbers taken for YCCK, which Pillow cannot write: odd colours, but every reader must see the same."""
    data = bytearray(open(cmyk, "rb").read())
    data[data.index(b"Adobe") + 11] = 2
    open(path, "wb").write(data)


def exif(orientation):
    tags = Image.Exif()
    tags[0x010E] = "a description before the orientation"
    tags[0x0112] = orientation
    return tags.tobytes()


def main(folder):
    os.makedirs(folder, exist_ok=True)
    made = []

    def save(picture, name, **options):
        picture.save(os.path.join(folder, name), **options)
        made.append(name)

    rgb, rgba = base(), with_alpha(base())
    other = ImageOps.mirror(rgb)
    save(rgb, "plain.png")
    save(rgb.resize((48, 64)), "tall.png")
    save(rgb.convert("L"), "grey.png")
    save(rgb.convert("1"), "one_bit.png")
    save(rgb.quantize(32), "palette.png")
    save(rgba, "alpha.png")
    save(rgb.quantize(16), "palette_transparent.png", transparency=3)
    save(rgb.convert("L").convert("I").point(lambda v: v * 257).convert("I;16"), "grey16.png")
    for name, alpha in (("rgb16.png", False), ("rgba16.png", True)):
        png16(os.path.join(folder, name), rgb, alpha)
        made.append(name)
    save(rgb, "animated.png", save_all=True, append_images=[other], duration=100)
    save(rgb, "exif6.png", exif=exif(6))

    save(rgb, "plain.jpg", quality=95, subsampling=0)
    save(rgb, "subsampled.jpg", quality=95, subsampling=2)
    save(rgb, "progressive.jpg", quality=95, subsampling=0, progressive=True)
    save(rgb.convert("L"), "grey.jpg", quality=95)
    save(rgb.convert("CMYK"), "cmyk.jpg", quality=95)
    ycck(os.path.join(folder, "cmyk.jpg"), os.path.join(folder, "ycck.jpg"))
    made.append("ycck.jpg")
    for orientation in range(1, 9):
        save(rgb, "exif%d.jpg" % orientation, quality=90, subsampling=0, exif=exif(orientation))

    save(rgb, "plain.gif")
    save(rgb, "animated.gif", save_all=True, append_images=[other], duration=100, loop=0)
    save(rgb, "lossy.webp", quality=95)
    save(rgb, "lossless.webp", lossless=True)
    save(rgba, "alpha.webp", quality=95)
    save(rgba, "alpha_lossless.webp", lossless=True)
    save(rgb, "animated.webp", save_all=True, append_images=[other], duration=100, lossless=True)
    save(rgba, "animated_alpha.webp", save_all=True, append_images=[other], duration=100, quality=95)
    save(rgb, "exif8.webp", lossless=True, exif=exif(8))
    save(rgb, "plain.bmp")
    save(rgb, "plain.tiff")
    save(rgb, "lzw.tiff", compression="tiff_lzw")
    save(rgb, "deflate.tiff", compression="tiff_adobe_deflate")
    save(rgb, "exif3.tiff", exif=exif(3))

    golden = [{"file": name, "size": 8, "rgb": read(os.path.join(folder, name), 8)} for name in made]
    for size in (1, 5, 16, 31, 47, 48, 80):
        golden.append({"file": "plain.png", "size": size, "rgb": read(os.path.join(folder, "plain.png"), size)})
    with open(os.path.join(folder, "golden.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(g, separators=(",", ":")) for g in golden) + "\n]\n")

    sharp = edges()
    sharp.save(os.path.join(folder, "edges.png"))
    resized = []
    for width, height in ((1, 1), (15, 9), (16, 16), (20, 37), (61, 9), (60, 36), (61, 38), (97, 53), (122, 74), (244, 148), (7, 200)):
        rgb = list(sharp.resize((width, height), Image.BICUBIC).tobytes())
        resized.append({"width": width, "height": height, "rgb": rgb})
    with open(os.path.join(folder, "bicubic.json"), "w") as file:
        json.dump(resized, file)


if __name__ == "__main__":
    main(sys.argv[1])
