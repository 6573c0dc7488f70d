"""Makes welch.json: SciPy's intervals of differences of means. python3 -m pip install scipy; python3 make_welch.py"""
import json

from scipy import stats

CASES = [
    ([0.31, 0.42, 0.35], [0.52, 0.61, 0.55]),
    ([1.0, 2.0], [1.5, 1.7]),
    ([10.1, 9.8, 10.4, 10.0, 9.9], [9.7, 10.2]),
    ([3.0, 3.0, 3.1], [2.9, 2.0, 3.8, 3.3]),
]
found = []
for a, b in CASES:
    low, high = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    found.append({"a": a, "b": b, "low": low, "high": high})
for a, value in [([0.97, 0.99, 0.98], 0.95), ([5.0, 6.5], 6.0)]:
    low, high = stats.ttest_1samp(a, value).confidence_interval(0.95)
    found.append({"a": a, "b": [value], "low": low - value, "high": high - value})
with open("welch.json", "w") as file:
    json.dump(found, file, indent=1)
    file.write("\n")
