"""Plain random forest on the hydraulic cycles: ``PYTHON forest.py FILE.npz`` with any Python that has scikit-learn.

All channels' courses as they are (flows as means of a second), 300 trees, defaults otherwise; GroupKFold(5), groups =
cycle // 45. Prints JSON: accuracy by component. Needs nothing of this project.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np

COMPONENTS = ("cooler", "valve", "pump", "accumulator", "stable flag")
TREES, SEED = 300, 0


def main() -> None:
    forest = import_module("sklearn.ensemble").RandomForestClassifier
    folds = import_module("sklearn.model_selection").GroupKFold(5)
    with np.load(Path(sys.argv[1])) as data:
        names = sorted(set(data.files) - {"profile", "cycle"})
        courses = np.hstack([data[n].reshape(len(data[n]), 60, -1).mean(axis=2) for n in names])
        profile, groups = data["profile"], data["cycle"] // 45
    found = {}
    for column, name in enumerate(COMPONENTS):
        conditions = profile[:, column]
        right = 0
        for train, test in folds.split(courses, conditions, groups):
            model = forest(TREES, random_state=SEED, n_jobs=2).fit(courses[train], conditions[train])
            right += int((model.predict(courses[test]) == conditions[test]).sum())
        found[name] = right / len(conditions)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
