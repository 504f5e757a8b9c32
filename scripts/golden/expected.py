"""What the golden files of @crln/data share: the facts beside them."""
import json


def write_expected(folder, expected):
    """expected.json, a file a line. One that must read as an earlier one has that one's name in place of the facts."""
    for name in list(expected):
        twin = next(other for other in expected if expected[other] == expected[name])
        if twin != name:
            expected[name] = twin
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(facts)}" for name, facts in expected.items())
    (folder / "expected.json").write_text("{\n" + lines + "\n}\n")
