#!/usr/bin/env python3
"""Names every circle of imports in the workspace's Rust code, of files and of top-level modules, and counts files and
imports by crate.

    scripts/check-imports.py          fails with 1 where files, or the top-level modules of a crate, form a circle
    scripts/check-imports.py --list   prints every import as well

An import is a `use`, or a path in code, that leads from one file to an item of another; a re-export leads to the file that
it re-exports from, and declaring a module (`mod x;`) is none. Code under `#[cfg(test)]`, and files of tests, do not count.
A top-level module is a file of `src` with everything below it. `lib.rs` is none: it only puts the others together.
What depends on what between crates is held by Cargo: a crate cannot name what is not among its dependencies.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
USE = re.compile(r"\buse\s+([^;]+);")
REEXPORT = re.compile(r"\bpub(?:\([^)]*\))?\s+use\s+([^;]+);")


def without_tests(text):
    """The code of a file without comments and without what only tests see."""
    text = re.sub(r"//[^\n]*", "", text)
    out, at = [], 0
    for found in re.finditer(r"#\[cfg\((?:test|any\(test[^\]]*)\)?\)?\]\s*(?:pub(?:\([^)]*\))? )?(mod|use|fn|impl|struct)\b", text):
        if found.start() < at:
            continue
        out.append(text[at : found.start()])
        brace, end = text.find("{", found.end()), text.find(";", found.end())
        if brace == -1 or (end != -1 and end < brace):
            at = end + 1
            continue
        depth, at = 1, brace + 1
        while depth and at < len(text):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
    out.append(text[at:])
    return "".join(out)


def leaves(tree):
    """`a::{b, c::{d as e, self}}` as lists of segments."""
    tree = tree.strip()
    parts, depth, word = [], 0, ""
    brace = tree.find("{")
    if brace == -1:
        yield [part for part in re.sub(r"\s+as\s+\w+", "", tree).strip().split("::") if part]
        return
    front = [part for part in tree[:brace].strip().strip(":").split("::") if part]
    for char in tree[brace + 1 : tree.rfind("}")] + ",":
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == "," and depth == 0:
            parts.append(word)
            word = ""
        else:
            word += char
    for part in parts:
        if part.strip():
            for leaf in leaves(part):
                yield front + [segment for segment in leaf if segment != "self"]


def paths(text):
    """Every path by which a file names something, as segments."""
    found = [leaf for use in USE.findall(text) for leaf in leaves(use)]
    found += [path.split("::") for path in re.findall(r"\b(?:crate|super)(?:::\w+)+", USE.sub("", text))]
    # A module that is declared here and named in a path: `words::reply(…)` after `mod words;`.
    for name in re.findall(r"\bmod\s+(\w+)\s*;", text):
        found += [[name, item] for item in re.findall(rf"(?<![\w:]){name}::(\w+)", text)]
    return found


class Crate:
    def __init__(self, src):
        self.files = {}
        for path in sorted(src.rglob("*.rs")):
            parts = path.relative_to(src).with_suffix("").parts
            if "tests" in parts or parts == ("main",):
                continue
            module = () if parts == ("lib",) else parts
            self.files[module] = (path, without_tests(path.read_text()))
        self.reexports = {
            module: {
                leaf[-1]: leaf
                for use in REEXPORT.findall(text)
                for leaf in leaves(use)
                if leaf
            }
            for module, (_, text) in self.files.items()
        }

    def resolve(self, module, segments, seen=(), through=True):
        """The file that a path leads to, or None for what is outside of this crate. Leads `through` every re-export, or
        else only through those of `lib.rs`."""
        here = list(module)
        segments = list(segments)
        if segments and segments[0] == "crate":
            here, segments = [], segments[1:]
        elif segments and segments[0] in ("super", "self"):
            while segments and segments[0] in ("super", "self"):
                if segments.pop(0) == "super":
                    here = here[:-1]
        elif segments and tuple(here + segments[:1]) not in self.files:
            return None
        while segments and tuple(here + segments[:1]) in self.files:
            here.append(segments.pop(0))
        target = tuple(here)
        if target not in self.files:
            return None
        if segments and (through or target == ()) and (target, segments[0]) not in seen:
            leaf = self.reexports[target].get(segments[0])
            if leaf:
                return self.resolve(target, leaf, (*seen, (target, segments[0])), through) or target
        return target

    def imports(self):
        """The imports between files."""
        edges = {module: set() for module in self.files}
        for module, (_, text) in self.files.items():
            for path in paths(REEXPORT.sub("", text)):
                target = self.resolve(module, path)
                if target is not None and target != module:
                    edges[module].add(target)
        return edges

    def module_imports(self):
        """The imports between top-level modules. Here a re-export is an import of the module that has it."""
        edges = {module[:1]: set() for module in self.files if module}
        for module, (_, text) in self.files.items():
            for path in paths(text) if module else []:
                target = self.resolve(module, path, through=False)
                if target and target[:1] != module[:1]:
                    edges[module[:1]].add(target[:1])
        return edges


def circles(edges):
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(edges[node]):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = []
            while True:
                part.append(stack.pop())
                if part[-1] == node:
                    break
            if len(part) > 1:
                found.append(sorted(part))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def name(module):
    return "/".join(module) or "lib"


def print_circles(what, found, edges):
    for circle in found:
        print(f"  {what}: " + ", ".join(name(module) for module in circle))
        for module in circle:
            inside = [name(other) for other in sorted(edges[module]) if other in circle]
            print(f"    {name(module)} → {', '.join(inside)}")


def main():
    sys.setrecursionlimit(10_000)
    bad = 0
    for src in [ROOT / "src", *sorted(ROOT.glob("crates/*/src"))]:
        crate = Crate(src)
        edges = crate.imports()
        modules = crate.module_imports()
        found, found_modules = circles(edges), circles(modules)
        bad += len(found) + len(found_modules)
        lines = sum(len(path.read_text().splitlines()) for path, _ in crate.files.values())
        count = sum(len(targets) for targets in edges.values())
        print(
            f"{src.relative_to(ROOT)}: {len(edges)} files, {lines} lines, {count} imports, "
            f"{len(found)} circles of files, {len(found_modules)} of modules"
        )
        print_circles("circle", found, edges)
        print_circles("circle of modules", found_modules, modules)
        if "--list" in sys.argv:
            for module, targets in sorted(edges.items()):
                for target in sorted(targets):
                    print(f"  {name(module)} → {name(target)}")
    sys.exit(1 if bad else 0)


main()
