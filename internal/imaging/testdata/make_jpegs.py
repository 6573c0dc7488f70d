"""Makes the JPEGs of testdata/jpeg.

    python make_jpegs.py testdata/jpeg        # needs pillow==13.0.0
"""

import os
import sys

from PIL import Image, ImageDraw

picture = Image.linear_gradient("L").resize((43, 37)).convert("RGB")
draw = ImageDraw.Draw(picture)
draw.ellipse((2, 2, 24, 20), fill=(40, 90, 200))
draw.rectangle((19, 4, 36, 28), fill=(220, 40, 60))
for name, mode, options in (
    ("restart", "RGB", {"subsampling": 2, "restart_marker_blocks": 2}),
    ("restart_progressive", "RGB", {"subsampling": 1, "restart_marker_blocks": 3, "progressive": True}),
    ("no_restart", "RGB", {"subsampling": 1}),
    ("progressive", "RGB", {"subsampling": 2, "progressive": True}),
    ("progressive_cmyk", "CMYK", {"progressive": True}),
    ("grey", "L", {"restart_marker_rows": 1, "optimize": True}),
):
    picture.convert(mode).save(os.path.join(sys.argv[1], name + ".jpg"), quality=90, **options)
