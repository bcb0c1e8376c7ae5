"""Why machines stopped: the reason tree, and the journal in which people explain stops."""
