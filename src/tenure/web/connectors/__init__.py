"""The pages of imports: upload, match columns, check, import, repair, undo."""
