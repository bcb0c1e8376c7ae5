"""Production orders and inspection results: facts from other systems that KPIs are made of."""
