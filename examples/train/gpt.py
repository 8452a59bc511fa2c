"""A small GPT in plain PyTorch: what is needed to see that a job learns from token shards, and no more."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.before_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        samples, length, width = x.shape
        q, k, v = self.qkv(self.before_attention(x)).view(samples, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.out(seen.transpose(1, 2).reshape(samples, length, width))
        return x + self.mlp(self.before_mlp(x))


class GPT(nn.Module):
    def __init__(self, vocab_size: int, seq_len: int, width: int = 96, heads: int = 4, layers: int = 2) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocab_size, width)
        self.positions = nn.Embedding(seq_len, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.last = nn.LayerNorm(width)
        for embedding in (self.tokens, self.positions):
            nn.init.normal_(embedding.weight, std=0.02)  # GPT-2's; the tokens' are also the last layer

    def forward(self, input_ids: Tensor, position_ids: Tensor, cu_seqlens: Tensor) -> Tensor:
        """Logits, float32[samples, seq_len, vocabulary]. No token sees later ones or another sequence."""
        samples, length = input_ids.shape
        places = torch.arange(samples * length)
        sequence = torch.searchsorted(cu_seqlens, places, right=True).view(samples, 1, length)
        mask = (sequence == sequence.transpose(1, 2)) & torch.ones(length, length, dtype=torch.bool).tril()
        x = self.tokens(input_ids) + self.positions(position_ids)
        for block in self.blocks:
            x = block(x, mask[:, None])
        return self.last(x) @ self.tokens.weight.T
