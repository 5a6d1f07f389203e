"""Networks as values: layers, recipes, search spaces and the families that draw them."""
