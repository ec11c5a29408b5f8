"""The judge bench: any number of judges tried on the same samples, beside what people said of them.

labels: the samples with people's labels that count as evidence; opening: a bench, its samples and judges; results: what
each judge came to, and where it disagrees.
"""
