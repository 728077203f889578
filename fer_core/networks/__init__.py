"""The networks, one file each, and what they share.

registry      the catalogue: a network is one module here with a `NETWORK`
inputs        the one place where pixels become what a network sees
weights       weights on disk: safetensors with a spec that says how to rebuild the network
shallow       the shallow CNN of Qalandarov and Kurbanov (2024)
"""
