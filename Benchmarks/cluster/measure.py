#!/usr/bin/env python3
"""How training in two processes scales on this machine, and how much of the communication the backward pass hides.

Two network namespaces stand for two hosts (as root, with iproute2). Every figure is the median of rounds that take turns, so
that what else the machine does meets all alike. Prints tables, and writes Benchmarks/out/cluster.json for model.py.

    python3 Benchmarks/cluster/measure.py [--quick] [PART ...]      # parts: local links delays buckets wire
"""

import argparse
import json
import platform
import statistics
import subprocess
import threading
from collections.abc import Callable

import hosts
from runs import GLOW, ROOT, Model, Step, train

SMALL = Model(
    "small", "--preset demo --optimizer adam --levels 2 --steps 8 --hidden 128 --memory reversible", 0)
BENCH = "--levels 2 --steps 8 --hidden 128 --size 28 --channels 1 --threads 1 --quiet"
OVERLAP, AT_THE_END = "--bucket 256KB", "--bucket 1000GB"
OUT = ROOT / "Benchmarks/out/cluster.json"


def bench(task: str, batch: int) -> float:
    """Seconds of a round of `glow bench`."""
    command = [str(GLOW), "bench", "--task", task, "--batch", str(batch), "--rounds", "20", *BENCH.split()]
    result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return batch / result["imagesPerSecond"]


def alone(batch: int, steps: int) -> Step:
    """Two processes at once that have nothing to do with each other, each with `batch` images a step."""
    steps_of: list[Step] = []
    threads = [threading.Thread(target=lambda: steps_of.append(train(SMALL, 1, batch, steps))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return max(steps_of, key=lambda step: step.seconds)


def rounds(cases: dict[str, Callable[[], Step]], count: int) -> dict[str, Step]:
    """The median of each case by seconds, over rounds in which each has its turn."""
    seen: dict[str, list[Step]] = {name: [] for name in cases}
    for _ in range(count):
        for name, case in cases.items():
            seen[name].append(case())
    return {name: sorted(steps, key=lambda step: step.seconds)[count // 2] for name, steps in seen.items()}


def in_hosts(batch: int, steps: int, flags: str, **link) -> Callable[[], Step]:
    def case() -> Step:
        with hosts.pair(**link):
            return train(SMALL, 2, batch, steps, network=True, flags=flags)

    return case


def table(head: list[str], rows: list[list[str]]) -> None:
    print("| " + " | ".join(head) + " |\n|" + "--:|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def milliseconds(step: Step) -> str:
    return f"{1000 * step.seconds:.1f}"


def waiting(step: Step) -> str:
    return f"{100 * step.waiting:.0f} %"


def local(options) -> dict:
    """Two ranks on this machine beside two processes that have nothing to do with each other."""
    found, rows = {}, []
    for batch in (4, 16, 64):
        steps = max(20, options.steps * 16 // max(16, batch))
        both = rounds(
            {"alone": lambda: alone(batch, steps), "ranks": lambda: train(SMALL, 2, 2 * batch, steps, flags=OVERLAP)},
            options.rounds)
        found[str(batch)] = {name: step.json() for name, step in both.items()}
        rows.append([str(batch), milliseconds(both["alone"]), milliseconds(both["ranks"]),
                     f"{100 * both['alone'].seconds / both['ranks'].seconds:.0f} %", waiting(both["ranks"])])  # fmt: skip
    table(["images a rank", "two by themselves, ms", "two ranks, ms", "efficiency", "waiting"], rows)
    return found


def compare(cases: dict[str, dict], options, steps: Callable[[dict], int]) -> dict:
    """For each link: gradients that leave during the backward pass, and all at its end."""
    found, rows = {}, []
    for name, link in cases.items():
        both = rounds(
            {"overlap": in_hosts(32, steps(link), OVERLAP, **link), "end": in_hosts(32, steps(link), AT_THE_END, **link)},
            options.rounds)
        found[name] = {"link": link} | {key: step.json() for key, step in both.items()}
        rows.append([name, milliseconds(both["overlap"]), waiting(both["overlap"]), milliseconds(both["end"]),
                     waiting(both["end"]), f"{both['end'].seconds / both['overlap'].seconds:.2f}"])  # fmt: skip
    table(["link", "step, ms", "waiting", "all at the end, ms", "waiting", "ratio"], rows)
    return found


def links(options) -> dict:
    cases = {"as fast as the kernel": {}} | {f"{rate} Mbit/s": {"megabits": rate} for rate in (2000, 1000, 500, 200, 100)}
    return compare(cases, options, lambda link: max(20, min(options.steps, int(link.get("megabits", 1000) / 4))))


def delays(options) -> dict:
    cases = {f"{delay} ms each way": {"delay": delay} for delay in (0, 1, 5, 20)}
    return compare(cases, options, lambda link: max(20, options.steps // (1 + link["delay"] // 5)))


def buckets(options) -> dict:
    sizes, found, rows = ["16KB", "64KB", "256KB", "1MB", "4MB", "1000GB"], {}, []
    cases = {"1000 Mbit/s": {"megabits": 1000}, "200 Mbit/s": {"megabits": 200}, "1 ms each way": {"delay": 1}}
    for name, link in cases.items():
        seen = rounds(
            {size: in_hosts(32, options.steps // 2, f"--bucket {size}", **link) for size in sizes}, options.rounds)
        found[name] = {"link": link} | {size: step.json() for size, step in seen.items()}
        rows.append([name] + [milliseconds(step) for step in seen.values()])
    table(["step in ms at", *sizes[:-1], "all at the end"], rows)
    return found


def wire(options) -> dict:
    found, rows = {}, []
    for rate in (1000, 200, 100):
        seen = rounds(
            {name: in_hosts(32, options.steps // 2, f"{OVERLAP} --wire {name}", megabits=rate)
             for name in ("float32", "bf16")}, options.rounds)  # fmt: skip
        found[str(rate)] = {name: step.json() for name, step in seen.items()}
        rows.append([f"{rate} Mbit/s"] + [part for step in seen.values() for part in (milliseconds(step), str(step.bytes))]
                    + [f"{seen['float32'].seconds / seen['bf16'].seconds:.2f}"])  # fmt: skip
    table(["link", "float32, ms", "bytes a step", "bf16, ms", "bytes a step", "ratio"], rows)
    return found


PARTS = {"local": local, "links": links, "delays": delays, "buckets": buckets, "wire": wire}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=[])
    parser.add_argument("--quick", action="store_true", help="one round of few steps")
    options = parser.parse_args()
    options.steps, options.rounds = (40, 1) if options.quick else (100, 3)
    found = json.loads(OUT.read_text()) if OUT.exists() else {}
    found["machine"] = platform.processor() or platform.machine()
    found["compute"] = {
        str(batch): {"train": bench("train", batch), "forward": bench("evaluate", batch)} for batch in (4, 16, 64)
    }
    for name in options.parts or PARTS:
        print(f"## {PARTS[name].__doc__ or name}\n")
        found[name] = PARTS[name](options)
        OUT.parent.mkdir(exist_ok=True)
        OUT.write_text(json.dumps(found, indent=1))
