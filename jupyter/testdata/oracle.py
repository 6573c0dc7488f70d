"""The other implementations that the tests compare with: nbclient runs notebooks, nbformat reads and checks them."""
import json
import re
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def run(source, target, kernel, folder):
    """Runs a notebook with nbclient, and merges neighbouring texts of one stream as every front end does."""
    nb = nbformat.read(source, as_version=4)
    client = NotebookClient(nb, kernel_name=kernel, resources={"metadata": {"path": folder}},
                            timeout=120)
    try:
        client.execute()
    except CellExecutionError:
        pass
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs = merge(cell.outputs)
    nbformat.write(nb, target)


def merge(outputs):
    merged = []
    for o in outputs:
        if o.output_type == "stream" and merged and merged[-1].output_type == "stream" and merged[-1].name == o.name:
            merged[-1].text += o.text
        else:
            merged.append(o)
    for o in merged:
        if o.output_type == "stream":  # The same as nbclient with coalesce_streams.
            o.text = re.sub(r".*\r(?=[^\n])", "", o.text)
    return merged


def validate(*paths):
    for path in paths:
        with open(path) as f:
            nb = json.load(f)
        before = json.dumps(nb)
        nbformat.validate(nb)
        assert json.dumps(nb) == before, "nbformat found something to repair"


def rewrite(source, target):
    nbformat.write(nbformat.read(source, as_version=nbformat.NO_CONVERT), target)


def upgrade(source, target):
    nb = nbformat.read(source, as_version=4)
    for i, cell in enumerate(nb.cells):
        cell.id = str(i)
    nbformat.write(nb, target)


globals()[sys.argv[1]](*sys.argv[2:])
