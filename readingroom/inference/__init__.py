"""Running networks: engine, backends, model cards, tiling. Importing this loads no torch."""
