"""Says what Pillow reads of pictures, as JSON: a list of {"mode", "size", "frames": [[values] …], "delays", "loop", "profile": bytes}.

    python describe.py FILE…        # needs pillow==11.0.0
"""

import json
import sys

from PIL import Image

described = []
for path in sys.argv[1:]:
    with Image.open(path) as picture:
        entry = {"mode": picture.mode, "size": picture.size, "frames": [], "delays": [], "loop": picture.info.get("loop", 1),
                 "profile": len(picture.info.get("icc_profile") or b"")}
        for i in range(getattr(picture, "n_frames", 1)):
            picture.seek(i)
            picture.load()
            entry["delays"].append(picture.info.get("duration", 0))
            entry["frames"].append([v for pixel in picture.convert("RGBA").getdata() for v in pixel])
    described.append(entry)
json.dump(described, sys.stdout)
