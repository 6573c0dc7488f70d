"""Makes a picture of each kind that people have, and golden.json: what Pillow reads of it.

    python make_fixtures.py DIR        # needs pillow==11.0.0

The tests run it in a temporary folder that has an animated.gif. golden.json says for each file {"frames": [[RGBA values] …], "width": …, "height": …, "gray": …, "alpha": …,
"profile": …, "delays": [milliseconds …]}, upright.
"""

import io
import json
import os
import struct
import sys
import zlib

from PIL import Image, ImageCms, ImageDraw, ImageOps

WIDTH, HEIGHT = 23, 17
golden = {}


def base():
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            picture.putpixel((x, y), (11 * x, 255 - 15 * y, (x * y * 3) % 256))
    ImageDraw.Draw(picture).ellipse((3, 3, 12, 12), fill=(240, 30, 40))
    return picture


def mask():
    alpha = Image.new("L", (WIDTH, HEIGHT), 0)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            alpha.putpixel((x, y), 255 if x < 8 else max(0, 255 - 20 * (x - 8)))
    return alpha


def save(name, picture, **options):
    path = os.path.join(sys.argv[1], name)
    picture.save(path, **options)
    remember(name)


def remember(name):
    path = os.path.join(sys.argv[1], name)
    with Image.open(path) as read:
        entry = {"frames": [], "delays": [], "gray": read.mode in ("1", "L", "LA", "I;16"), "profile": bool(read.info.get("icc_profile"))}
        for i in range(getattr(read, "n_frames", 1)):
            read.seek(i)
            read.load()
            entry["delays"].append(read.info.get("duration", 0))
            upright = ImageOps.exif_transpose(read) if i == 0 and not name.endswith(".gif") else read
            if upright.mode == "I;16":
                rgba = [v for value in upright.getdata() for v in (value // 257,) * 3 + (255,)]
            else:
                rgba = [v for pixel in upright.convert("RGBA").getdata() for v in pixel]
            entry["frames"].append(rgba)
            entry["width"], entry["height"] = upright.size
        entry["alpha"] = len(entry["frames"]) > 1 or any(a < 255 for a in entry["frames"][0][3::4])
    golden[name] = entry


def png(name, size, depth, colours, rows, extra=()):
    """A PNG of a kind that Pillow does not write."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colours, 0, 0, 0))
    for kind, body in extra:
        data += chunk(kind, body)
    data += chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows))) + chunk(b"IEND", b"")
    with open(os.path.join(sys.argv[1], name), "wb") as out:
        out.write(data)


def deep(name, colours, channels, extra=()):
    """16 bits a channel, of which the lower ones are other than the upper ones. Pillow rounds them off when it reads."""
    rows = [b"".join(struct.pack(">H", (x * 2801 + y * 977 + c * 13001) % 65536) for x in range(WIDTH) for c in range(channels)) for y in range(HEIGHT)]
    png(name, (WIDTH, HEIGHT), 16, colours, rows, extra)
    golden[name] = {"deep": [v for row in rows for v in struct.unpack(">%dH" % (WIDTH * channels), row)],
                    "width": WIDTH, "height": HEIGHT, "gray": channels < 3, "alpha": channels in (2, 4), "delays": [0], "profile": False}


picture, alpha = base(), mask()
rgba = picture.copy()
rgba.putalpha(alpha)
la = picture.convert("L")
la.putalpha(alpha)
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

save("rgb.png", picture, icc_profile=profile)
save("rgba.png", rgba)
save("gray.png", picture.convert("L"))
save("grayalpha.png", la)
save("bilevel.png", picture.convert("1"))
save("paletted.png", picture.quantize(16))
save("paletted_clear.png", picture.quantize(16), transparency=3)
save("gray_palette.png", picture.convert("L").quantize(8))
save("one.png", picture.crop((5, 5, 6, 6)))
deep("deep_gray.png", 0, 1)
deep("deep_grayalpha.png", 4, 2)
deep("deep_rgb.png", 2, 3)
deep("deep_rgba.png", 6, 4)

exif = Image.Exif()
exif[0x0112] = 6
save("turned.png", picture, exif=exif)
for orientation in range(1, 9):
    exif[0x0112] = orientation
    save("turned_%d.tiff" % orientation, picture, exif=exif)
exif[0x0112] = 8
save("turned.jpg", picture, exif=exif, quality=95, subsampling=0)
save("turned.webp", picture, exif=exif, lossless=True)
save("rgb.jpg", picture, quality=95, subsampling=0, icc_profile=profile + bytes(70000))
save("progressive.jpg", picture, quality=95, subsampling=0, progressive=True)
save("gray.jpg", picture.convert("L"), quality=95)
save("cmyk.jpg", picture.convert("CMYK"), quality=95, icc_profile=profile[:16] + b"CMYK" + profile[20:])
golden["cmyk.jpg"]["profile"] = False  # It would say nothing of what is written.
save("rgb.bmp", picture)
save("paletted.bmp", picture.quantize(16))
save("rgb.tiff", picture, icc_profile=profile)
save("lzw.tiff", rgba, compression="tiff_lzw")
save("gray16.tiff", Image.frombytes("I;16", (WIDTH, HEIGHT), b"".join(struct.pack("<H", 257 * ((x * 9 + y) % 256)) for y in range(HEIGHT) for x in range(WIDTH))))
save("lossless.webp", rgba, lossless=True, exact=True, icc_profile=profile)
save("lossy.webp", picture.convert("L").convert("RGB"), quality=95)  # Decoders smooth its chroma, of half the size, in ways of their own.
golden["lossy.webp"]["gray"] = False
save("still.gif", picture.quantize(32))

# Animations: a square that wanders over a gradient, so that frames differ in parts.
frames = []
for i in range(4):
    frame = rgba.copy() if i % 2 else picture.convert("RGBA")
    ImageDraw.Draw(frame).rectangle((4 * i, 2 * i, 4 * i + 5, 2 * i + 5), fill=(20, 40 * i, 200, 255))
    frames.append(frame)
delays = [100, 40, 250, 70]
sharp = []  # Pillow does not blend half-transparent pixels as the standard of APNG says.
for frame in frames:
    sharp.append(frame.copy())
    sharp[-1].putalpha(frame.getchannel("A").point(lambda a: 255 if a > 127 else 0))
save("animated.png", sharp[0], save_all=True, append_images=sharp[1:], duration=delays, loop=3, disposal=[0, 1, 2, 0], blend=[0, 1, 1, 1])
save("animated.webp", frames[0], save_all=True, append_images=frames[1:], duration=delays, lossless=True, exact=True, loop=2)
remember("animated.gif")  # The test has written it: Pillow fails at such disposals.
save("default.png", picture, save_all=True, append_images=frames[1:], duration=delays[1:], default_image=True)
golden["default.png"]["frames"] = golden["default.png"]["frames"][1:]
golden["default.png"]["delays"] = golden["default.png"]["delays"][1:]

with open(os.path.join(sys.argv[1], "golden.json"), "w") as out:
    json.dump(golden, out)
