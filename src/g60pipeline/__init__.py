"""Monthly returns of industrial clusters: intake, expectations, warehouse, indicators, reports."""
