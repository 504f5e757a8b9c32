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

        import layout
    except ImportError as error:
        return reply(absent=str(error))
    options = json.loads(sys.argv[3])
    device, precision = options.pop('device', 'cpu'), options.pop('precision', 'float32')
    layout.channels_last = options.pop('channelsLast', False)
    if device == 'cuda' and not torch.cuda.is_available():
        return reply(absent=f'PyTorch {torch.__version__} sees no GPU')
    torch.set_num_threads(int(sys.argv[2]))
    torch.manual_seed(0)
    where = f'{torch.get_num_threads()} threads'
    if device == 'cuda':
        # Everything that a workload makes is on the GPU then (PyTorch 2).
        torch.set_default_device('cuda')
        torch.backends.cudnn.benchmark = True
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != 'float32'
        where = f'{torch.cuda.get_device_name()}, {precision}'
    if layout.channels_last:
        where += ', channels last'
    with torch.autocast(device, enabled=precision == 'amp'):
        run = importlib.import_module(sys.argv[1]).prepare(**options)
    held = torch.cuda.max_memory_allocated if device == 'cuda' else peak_bytes
    reply(about=f'PyTorch {torch.__version__}, {where}', peakBytes=held())
    for _ in sys.stdin:
        cpu, start = time.process_time(), time.perf_counter()
        with torch.autocast(device, enabled=precision == 'amp'):
            value = run()
        seconds, spent = time.perf_counter() - start, time.process_time() - cpu
        repeats = getattr(run, 'repeats', 1)
        reply(seconds=seconds / repeats, cpuSeconds=spent / repeats, peakBytes=held(), value=value)


main()
