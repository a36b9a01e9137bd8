"""Write the reference pages that are made from the code. Run it by `make docs`."""

from __future__ import annotations

from reference import DOCS, pages


def main() -> None:
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}")


if __name__ == "__main__":
    main()
