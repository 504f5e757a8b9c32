"""A PyTorch contestant: `serve.py WORKLOAD THREADS OPTIONS`, started by bench/lib/contestants.mjs.

Says in a first line of JSON what it is (or `absent`, and why), then runs the workload once for every line it reads.
"""
import importlib
import json
import resource
import sys
import time


def reply(**message):
    print(json.dumps(message), flush=True)


def peak_bytes():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main():
    try:
        import torch
    except ImportError as error:
        return reply(absent=str(error))
    torch.set_num_threads(int(sys.argv[2]))
    torch.manual_seed(0)
    run = importlib.import_module(sys.argv[1]).prepare(**json.loads(sys.argv[3]))
    reply(about=f'PyTorch {torch.__version__}, {torch.get_num_threads()} threads', peakBytes=peak_bytes())
    for _ in sys.stdin:
        cpu, start = time.process_time(), time.perf_counter()
        value = run()
        seconds, spent = time.perf_counter() - start, time.process_time() - cpu
        repeats = getattr(run, 'repeats', 1)
        reply(seconds=seconds / repeats, cpuSeconds=spent / repeats, peakBytes=peak_bytes(), value=value)


main()
