"""What papermill makes of parameters. Reads a list of {"flag", "text", "ours"} from standard input, where ours is the
Python source that moelab injects, and prints a list of {"theirs", "ours"}: the values that both stand for."""
import json
import sys

import yaml
from papermill.cli import _resolve_type
from papermill.iorw import NoDatesSafeLoader
from papermill.translators import PythonTranslator

read = {
    "-p": _resolve_type,
    "-r": lambda text: text,
    "-y": lambda text: yaml.load(text, Loader=NoDatesSafeLoader)["x"],
}


def value(source):
    namespace = {}
    exec(source, namespace)
    return repr(namespace["x"])


print(json.dumps([
    {"theirs": value(PythonTranslator.codify({"x": read[case["flag"]](case["text"])})), "ours": value(case["ours"])}
    for case in json.load(sys.stdin)
]))
