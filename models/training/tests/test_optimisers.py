"""Muon's updates are orthogonal, of one size, and the same however many peers share the work; lessons weigh things."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import torch
import torch.multiprocessing as mp
from torch import nn

from optimisers import Muon, denoiser_optimisers, orthogonal
from peers import Peers
from train_unet import things_weights
from unet import UNet

SHAPES = [(8, 4, 3, 3), (8, 4, 3, 3), (16, 6), (4, 12)]


def parameters() -> list[nn.Parameter]:
    torch.manual_seed(3)
    return [nn.Parameter(torch.randn(shape)) for shape in SHAPES]


def moved(peers: Peers, steps: int = 3) -> list[torch.Tensor]:
    weights = parameters()
    optimiser = Muon(weights, 0.01, peers)
    torch.manual_seed(4)
    for _ in range(steps):
        for p in weights:
            p.grad = torch.randn(p.shape)
        optimiser.step()
    return [p.detach() for p in weights]


def peer(rank: int, meeting: Path) -> None:
    found = moved(Peers(rank, 2, meeting / "meeting"))
    torch.save(found, meeting / f"{rank}.pt")


class Updates(unittest.TestCase):
    def test_singular_values_come_near_to_one(self) -> None:
        torch.manual_seed(1)
        for shape in ((3, 12, 40), (2, 40, 12)):
            values = torch.linalg.svdvals(orthogonal(torch.randn(shape) * 7))
            self.assertGreater(float(values.min()), 0.4)
            self.assertLess(float(values.max()), 1.3)

    def test_a_step_is_as_large_as_its_rate_says_whatever_the_gradient(self) -> None:
        for size in (1e-4, 1e3):
            p = nn.Parameter(torch.zeros(32, 64, 3, 3).contiguous(memory_format=torch.channels_last))
            p.grad = torch.randn(p.shape) * size
            Muon([p], 0.5, Peers(0, 1)).step()
            self.assertAlmostEqual(float(p.detach().square().mean().sqrt()) / 0.5, 0.2, delta=0.06)

    def test_a_step_goes_down(self) -> None:
        p = nn.Parameter(torch.zeros(16, 16))
        p.grad = torch.eye(16)
        Muon([p], 0.1, Peers(0, 1)).step()
        self.assertTrue(bool((p.detach().diagonal() < 0).all()))

    def test_two_peers_do_what_one_does(self) -> None:
        alone = moved(Peers(0, 1))
        with tempfile.TemporaryDirectory() as folder:
            mp.spawn(peer, (Path(folder),), nprocs=2)
            for rank in range(2):
                for a, b in zip(alone, torch.load(Path(folder) / f"{rank}.pt", weights_only=True)):
                    torch.testing.assert_close(a, b, rtol=0, atol=2e-4)

    def test_every_parameter_of_a_denoiser_has_one_optimiser_and_its_ends_have_adamw(self) -> None:
        unet = UNet([32, 64], 1, 4, 40)
        matrices, rest = ({id(p) for p in o.param_groups[0]["params"]}
                          for o in denoiser_optimisers(unet, 1e-3, Peers(0, 1)))
        self.assertFalse(matrices & rest)
        self.assertEqual(len(matrices) + len(rest), len(list(unet.parameters())))
        self.assertIn(id(unet.conv_out.weight), rest)
        self.assertIn(id(unet.mid_block.resnets[0].conv1.weight), matrices)


class Weights(unittest.TestCase):
    def test_a_cell_with_a_thing_counts_so_many_times_one_without(self) -> None:
        things = torch.zeros(2, 1, 4, 4, dtype=torch.bool)
        things[0, 0, 1:3] = True
        weights = things_weights(things, 2.5)
        self.assertAlmostEqual(float(weights.mean()), 1.0, places=5)
        self.assertAlmostEqual(float(weights[0, 0, 1, 0] / weights[1, 0, 0, 0]), 2.5, places=5)


if __name__ == "__main__":
    unittest.main()
