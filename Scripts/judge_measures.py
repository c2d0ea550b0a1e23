"""What a judge's verdicts say of edits and of samples. Needs numpy only."""

import itertools

import numpy as np

from judge_data import UNKNOWN

SURE = 0.9  # the judge is sure of a probability above it, or below 1 - SURE
# Fewer pictures than these with or without an attribute are too few to learn it, or to measure it.
RARE_IN_TRAINING, RARE_IN_TEST = 20, 10

# Of drawn faces: what a face has one kind of.
FACE_GROUPS = {
    "mouth": ["smiling", "mouth-open", "sad"],
    "hair": ["short-hair", "long-hair", "curly-hair", "bald", "hat", "hijab", "turban"],
    "skin": ["light-skin", "dark-skin"],
}


def area_under_roc(with_it, without):
    """The probability that a score of `with_it` is above one of `without`; ties count half."""
    scores = np.concatenate([with_it, without])
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    n = len(with_it)
    return (ranks[:n].sum() - n * (n + 1) / 2) / n / len(without)


def rare_attributes(data):
    """Why each attribute that cannot be judged cannot."""
    found = {}
    for index, name in enumerate(data.attributes):
        for split, least in (("train", RARE_IN_TRAINING), ("test", RARE_IN_TEST)):
            values = data.splits[split].values[:, index]
            count, without = int((values == 1).sum()), int((values == 0).sum())
            if min(count, without) < least:
                found[name] = f"{count} with and {without} without in {split}, needs {least}"
                break
    return found


def on_real(verdicts, split, data):
    """Accuracy and area under ROC of each attribute that is not too rare, over pictures for which it is known."""
    rare, found = rare_attributes(data), {}
    for index, name in enumerate(data.attributes):
        if name in rare:
            continue
        values = split.values[:, index]
        has, known = verdicts.has[:, index], values != UNKNOWN
        found[name] = {
            "accuracy": float(((has > 0.5) == values)[known].mean()),
            "area_under_roc": float(area_under_roc(has[values == 1], has[values == 0])),
            "with": int((values == 1).sum()),
            "known": int(known.sum()),
        }
    return found


def possible(values, share=0.001):
    """`[attribute, value, other, value]`: whether training pictures have both values, at least 5 of them and one in a
    thousand. A face that gets a hat need not keep its red hair."""
    of = np.stack([values == 0, values == 1], -1).astype(np.float32).reshape(len(values), -1)
    attributes = values.shape[1]
    return (of.T @ of >= max(5, share * len(values))).reshape(attributes, 2, attributes, 2)


def edited(before, after, index, wanted, allowed, judged):
    """What an edit did that should give attribute `index` the value `wanted`.

    Candidates are pictures in which the judge saw the other value before. An edit turned its candidate if the judge now
    sees the wanted one. Another attribute of `judged` stays if the judge sees what it saw; counted are those that the
    pictures show before and after, and whose value goes with the wanted one in training."""
    had, has = before.has > 0.5, after.has > 0.5
    shown, shows = before.known > 0.5, after.known > 0.5
    candidates = shown[:, index] & (had[:, index] != bool(wanted))
    turned = shows[:, index] & (has[:, index] == bool(wanted))
    others = [other for other in judged if other != index]
    fits = np.take_along_axis(allowed[index, int(wanted)][None], had[..., None].astype(int), 2)[..., 0]
    counted = (candidates[:, None] & shown & shows & fits)[:, others]
    stays = (had == has)[:, others] & counted
    of_each = {
        other: float(stays[:, place].sum() / counted[:, place].sum())
        for place, other in enumerate(others)
        if counted[:, place].sum() >= RARE_IN_TEST
    }
    return {
        "candidates": int(candidates.sum()),
        "turned": float(turned[candidates].mean()) if candidates.any() else None,
        "stayed": float(stays.sum() / counted.sum()) if counted.any() else None,
        "stayed_each": of_each,
    }


def sure_of_one(verdicts, data, groups):
    """For each group of attributes, and for all groups at once: the share of pictures of which the judge is sure of
    every attribute of the group, and finds them together as some training picture has them."""
    shows, hides = verdicts.known > SURE, verdicts.known < 1 - SURE
    has, lacks = verdicts.has > SURE, verdicts.has < 1 - SURE
    sure = hides | (shows & (has | lacks))
    seen = np.where(hides, UNKNOWN, has.astype(int))
    found, of_all = {}, np.ones(len(seen), bool)
    for name, members in groups.items():
        columns = [data.attributes.index(member) for member in members]
        real = {tuple(row) for row in np.unique(data.splits["train"].values[:, columns], axis=0).tolist()}
        one = sure[:, columns].all(1) & np.array([tuple(row) in real for row in seen[:, columns].tolist()], bool)
        found[name] = float(one.mean())
        of_all &= one
    if len(groups) > 1:
        found["all of these"] = float(of_all.mean())
    return found


def groups_of(data):
    """Of faces mouth, hair and skin; of a set whose attributes exclude each other (classes), all of them."""
    if all(name in data.attributes for name in itertools.chain(*FACE_GROUPS.values())):
        return FACE_GROUPS
    values = data.splits["train"].values
    if data.attributes and ((values == 1).sum(1) == 1).all() and (values != UNKNOWN).all():
        return {"class": data.attributes}
    return {}
