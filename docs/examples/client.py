# %% [markdown]
# Chejian from a notebook: registry, KPIs with their explanation, samples as arrays, live events.
# Cells run one after the other in any editor that knows `# %%`; a test runs them all against the real API.

# %%
import os
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
from chejian_client import Client, InvalidError, NotFoundError

chejian = Client(os.environ["CHEJIAN_URL"], os.environ["CHEJIAN_TOKEN"])

# %% What is there? Lists by pages are iterators.
for workshop in chejian.workshops():
    print(workshop.code, workshop.name_zh, workshop.timezone)
machines = [m for m in chejian.equipment() if m.machine]
machine = next(m for m in machines if m.code == os.environ.get("CHEJIAN_MACHINE", machines[0].code))

# %% How good was the newest shift, and how much of it is known?
until = datetime.fromisoformat(os.environ.get("CHEJIAN_UNTIL", datetime.now(UTC).isoformat()))
shifts = chejian.kpi_values(
    machine.equipment_id, kpi="oee", window="shift", start=until - timedelta(days=2), end=until
)
newest = shifts[-1]
print(machine.code, newest.start, "OEE", newest.value, "completeness", newest.completeness, newest.flags)

# %% Where did the number come from, and where did the time go?
why = chejian.explain(machine.equipment_id, newest)
print(why.formula, "-", why.clause)
for step, us in why.waterfall.items():
    print(f"{step:24} {us / 60e6:8.1f} min")
revisions = list(chejian.revisions(machine.equipment_id, until - timedelta(days=2), until))
print(len(revisions), "revisions of closed windows")

# %% Samples of a signal, all of them, as arrays.
signal = next(s for s in chejian.signals(machine.equipment_id) if s.role == "good_count")
samples = chejian.samples(signal.series_id, until - timedelta(days=1), until).good()
print(signal.name, len(samples), "samples;", np.diff(samples.value).clip(min=0).sum(), "items")

# %% What is refused says why.
try:
    chejian.kpi_values(machine.equipment_id, kpi="nonsense")
except InvalidError as error:
    print(error.key, error.value, error.allowed)
try:
    chejian.signals(2_000_000_000)
except NotFoundError as error:
    print(error)

# %% What happens now? The state at once, then each change; a stream that breaks is opened again.
for event in islice(chejian.events(workshop_id=machine.workshop_id), 1):
    print(event.id, {m["code"]: m["state_name"] for m in event.data["equipment"]})
chejian.close()
