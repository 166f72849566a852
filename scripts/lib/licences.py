"""Lists the crates of a build with their licences, one a line.

Reads `cargo metadata --filter-platform TARGET` from stdin. Only what the binary is linked with:
no crates for building or testing. Used by scripts/package.
"""

import json
import sys


def main():
    metadata = json.load(sys.stdin)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    linked, todo = set(), [root]
    while todo:
        for dependency in nodes[todo.pop()]["deps"]:
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if normal and dependency["pkg"] not in linked:
                linked.add(dependency["pkg"])
                todo.append(dependency["pkg"])
    for package in sorted((packages[id] for id in linked), key=lambda found: found["name"]):
        if any("proc-macro" in target["kind"] for target in package["targets"]):
            continue
        licence = package["license"] or "see its sources"
        print(f" {package['name']} {package['version']}: {licence}")


main()
