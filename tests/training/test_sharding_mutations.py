"""Would the comparison of two workers with one notice a mistake? Make every one, and see.

Each row rewrites a line on which it hangs that workers compute what one computes: the random numbers, the batch's rows
and weights, the sums, the updates, the measures, and batch normalisation to the third order.
"""

from __future__ import annotations

import workers_at_work

from minigen.parallel import processes

OWN = '__import__("minigen").rng'
RANK = '__import__("minigen").parallel.workers().rank'
SUM = "self.exchange.sum_gradients(batch, optimizer)"
CLIP = "clip(optimizer.parameters, self.config.clip_norm, own['gradient_norm'])"

MUTATIONS = [
    # random numbers
    ("vae", "ops.noise:_drawn", "shard = parallel.shard()", "shard = None"),
    ("vae", "ops.noise:_drawn", "slice(shard.start, shard.stop)", "slice(shard.stop - shard.start)"),
    (
        "vae",
        "ops.sampling:reparameterize",
        "normal(mean.shape, mean.data)",
        f"{OWN}.standard_normal(mean.shape, mean.dtype, 'cpu')",
    ),
    ("cnn", "ops.sampling:dropout", "uniform_like(x.data)", f"{OWN}.uniform(x.shape, x.dtype, 'cpu')"),
    ("ae", "models.corruption:corrupted", "normal_like(x)", f"{OWN}.standard_normal(x.shape, x.dtype, 'cpu')"),
    ("sae", "models.corruption:corrupted", "uniform_like(x)", f"{OWN}.uniform(x.shape, x.dtype, 'cpu')"),
    ("sae", "models.tied:TiedAutoencoder._labelled_batch", "divmod(step,", f"divmod(step + {RANK},"),
    (
        "dcgan",
        "models.adversarial:Adversarial.noise",
        "normal_batch(len(like), self.latent, like)",
        f"{OWN}.standard_normal((len(like), self.latent), like.dtype, 'cpu')",
    ),
    (
        "wgan-gp",
        "models.wgan_gp:WGANGP.discriminator_loss",
        "uniform((len(x), 1, 1, 1), x.data)",
        f"{OWN}.uniform((len(x), 1, 1, 1), x.dtype, 'cpu')",
    ),
    # rows and weights
    (
        "vae",
        "data.loader:Loader.epoch",
        "slice(begin + shard.start, begin + shard.stop)",
        "slice(begin, begin + shard.stop - shard.start)",
    ),
    ("vae", "data.loader:Batch.weight", "self.shard.weight if", "0.5 if"),
    ("vae", "data.loader:Batch.total", "self.shard.total if", "len(self.index) if"),
    ("vae", "parallel:Workers.shard", "(own.stop - own.start) / total", "1 / self.size"),
    ("vae", "parallel:Workers.shard", "Shard(0, total, total, 1 / self.size)", "Shard(0, total, total, 0.5)"),
    # the step
    ("vae", "training.loop:Trainer.step", "backward(batch.weight)", "backward()"),
    ("vae", "training.loop:Trainer.step", "parallel.computing(batch.shard)", "parallel.computing(None)"),
    ("dcgan", "training.loop:Trainer.step", "    loss.value.backward", "loss.value.backward"),
    ("wgan-gp", "training.loop:Trainer.step", SUM, f"own = norms(objective, ''); {CLIP}; {SUM}"),
    ("wgan-gp", "training.gradients:clip", "if max_norm:", "if False:"),
    (
        "wgan-gp",
        "training.loop:Trainer.step",
        'terms[f"{prefix}gradient_norm"]',
        "norms(objective, '')['gradient_norm']",
    ),
    (
        "ddnet",
        "training.loop:Trainer.step",
        SUM,
        f"early = globals()['norms'](objective, prefix); {SUM}; norms = lambda *_: early",
    ),
    ("vae", "training.loop:Trainer.step", "(terms, batch.total)", "(terms, len(batch.index))"),
    # the exchange
    (
        "vae",
        "training.exchange:Exchange.sum_gradients",
        "self.workers.reduce_scatter(gradients)",
        "[g.reshape(-1)[part] for g, part in zip(gradients, optimizer.parts)]",
    ),
    ("vae", "training.exchange:Exchange.sum", "self.workers.all_reduce(", "("),
    ("vae", "training.exchange:Exchange.sum", "term.data * batch.weight", "term.data / self.workers.size"),
    ("vae", "training.exchange:Exchange.sum", "norm.data**2", "norm.data"),
    ("vae", "training.exchange:Exchange.step", "self.workers.gather(parameters)", "pass"),
    ("vae", "training.exchange:Exchange.complete", "self.workers.gather(state)", "pass"),
    ("vae", "training.exchange:_share_out", "optimizer.state.update(zip(keys, parts, strict=True))", "pass"),
    ("vae", "parallel:within", "[inside]", "[inside][::-1]"),
    # other ways to share the steps
    ("every way", "training.ways:_change", "training.exchange.complete(objective.optimizer)", "pass"),
    ("every way", "training.ways:_change", "training.restore(*snapshot)", "training.batch = snapshot[1].batch"),
    ("vae", "parallel.processes:Processes.gather", "parts(len(array),", "parts(len(array) - 1,"),
    ("vae", "parallel.processes:Processes.gather", "in self._others", "in self._others[1:]"),
    ("vae", "parallel.processes:Processes.all_reduce", "slots[1:]", "slots[2:]"),
    ("vae", "parallel.processes:Processes.reduce_scatter", "other in self._others", "other in self._others[1:]"),
    ("vae", "parallel.processes:Processes.reduce_scatter", "out=slots[rank, to,", "out=slots[rank, rank,"),
    # the measures
    ("vae", "training.averages:measure", "exchange.sum(batch, score.terms)", "score.terms"),
    ("vae", "training.averages:measure", "parallel.computing(batch.shard)", "parallel.computing(None)"),
    # batch normalisation
    ("dcgan", "ops.normalization:_statistics", "moments_of_batch", ""),
    ("dcgan", "ops.normalization:_statistics", "own_mean - mean", "0"),
    ("dcgan", "ops.normalization:_batch_norm_grad", "mean_of_batch_array", ""),
    ("dcgan", "ops.sharding:moments_of_batch", "own * own + var", "own * own + 2 * var"),
    ("dcgan", "ops.normalization:_elements", "rows.shape[1] if shard is None else", "rows.shape[1] if True else"),
    ("dcgan", "ops.sharding:mean_of_batch_array", "mean * shard.weight", "mean / 2"),
    ("dcgan", "ops.sharding:mean_of_batch_array", "parallel.workers().all_reduce(", "("),
    ("higher orders", "ops.normalization:_mean", "mean_of_batch", ""),
    ("higher orders", "ops.normalization:_inverse_std", "sum_of_batch", ""),
    ("higher orders", "ops.normalization:_inverse_std", "_elements(s.standardized)", "s.standardized.shape[1]"),
    ("higher orders", "ops.sharding:mean_of_batch", "mean * shard.weight", "mean / 2"),
    ("higher orders", "ops.sharding:sum_of_batch", "parallel.shard() is None", "True"),
    ("higher orders", "ops.sharding:all_reduce", "parallel.workers().all_reduce(", "("),
    ("higher orders", "ops.sharding:all_reduce", "(x, all_reduce)", "(x, lambda g: g)"),
]


def test_every_mistake_is_caught():
    mutations = [(what, f"minigen.{function}", line, instead) for what, function, line, instead in MUTATIONS]
    right = [
        (what, "minigen.parallel:Workers.own", "[self.rank]", "[1 * self.rank]") for what in ("vae", "higher orders")
    ]
    differences = processes.run(3, workers_at_work.falsified, [*right, *mutations])
    missed = [row for row, found in zip(MUTATIONS, differences[2:], strict=True) if not found > 1e-10]
    print(f"mistakes in sharding: {len(MUTATIONS) - len(missed)} caught / {len(MUTATIONS)}")
    assert max(differences[:2]) < 1e-10, "it is the falsification that is caught"
    assert not missed
