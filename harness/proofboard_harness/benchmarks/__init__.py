"""Kernels and front end beside CMSIS-NN and CMSIS-DSP: the same tensors in one image, counted in one simulated run."""
