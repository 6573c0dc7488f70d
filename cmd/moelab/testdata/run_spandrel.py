# Enlarges a random picture by a network in safetensors: run_spandrel.py NETWORK OUT. The picture and the result are
# written to a file of safetensors.
import sys

import torch
from safetensors.torch import save_file
from spandrel import ImageModelDescriptor, ModelLoader

model = ModelLoader(device="cpu").load_from_file(sys.argv[1])
assert isinstance(model, ImageModelDescriptor), model
assert model.architecture.id == "ESRGAN" and model.scale == 4, model
torch.manual_seed(1)
picture = torch.rand(2, 3, 20, 28)
with torch.no_grad():
    larger = model.model(picture)
save_file({"picture": picture, "output larger": larger.contiguous()}, sys.argv[2])
