"""Life-cycle files of equipment: name plate, run hours, fitted parts, maintenance orders, diagnoses that named a fault."""
