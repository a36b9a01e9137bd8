"""The lake: the only room that knows Delta, DuckDB and analytical SQL. It turns rows into small tables of answers."""
