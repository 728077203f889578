"""The networks, one file each, and what they share.

registry      the catalogue: a network is one module here with a `NETWORK`
inputs        the one place where pixels become what a network sees
weights       models on disk: weights with a spec that says how to rebuild the network
tensors       tensors on disk: safetensors with a document and a sha256
packing       weights in fewer bytes
initial       how a fresh network begins
cost          parameters and multiply-adds, without computing anything
spd           layers for covariance matrices: BiMap, ReEig, LogEig
clip_head     one answer from the faces of a video
espcn         super-resolution: a part of the input chain, not of the catalogue

shallow       the shallow CNN of Qalandarov and Kurbanov (2024)
littlevgg     the "five-layer" CNN of Tekula
modified      the modified CNN of Yousaf et al. (2024)
vggnet        the VGG-like network of Khaireddin and Chen (2021), the baseline of Nurmakhan et al.
vgg16         torchvision's VGG16, for transfer
covpool       covariance pooling, after Lou and Li and Acharya et al. (2018)
resnet        ours, large; resnet_s is the small one, whose size may ship
scout         ours, the audit's, the quickest to learn
"""
