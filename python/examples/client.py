"""Draws samples, edits the first, scores both, and saves a strip of all.

    glow serve --model faces
    python python/examples/client.py --attribute smiling --strength 1.5

It needs the standard library alone: the server puts the strip together.
"""

import argparse

from swift_glow.client import Client, GlowError


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--server", default="http://127.0.0.1:8080", help="or unix:/run/glow.sock; a token behind #token=")
    arguments.add_argument("--model", help="one of the server's models; by default the first")
    arguments.add_argument("--attribute", help="by default the one that can be told best")
    arguments.add_argument("--strength", type=float, default=1)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--out", default="strip.png")
    given = arguments.parse_args()

    client = Client(given.server, model=given.model)
    try:
        model = client.get_model()
        attributes = sorted(model.attributes, key=lambda attribute: attribute.area_under_roc or 0, reverse=True)
        if not attributes:
            problem = model.attributes_problem
            raise SystemExit(f"{model.name} has no attributes to edit{': ' + problem.detail if problem else ''}")
        name = given.attribute or attributes[0].name

        samples = client.sample(count=4, temperature=0.7, seed=given.seed).images
        edited = client.edit(samples[0], edits={name: given.strength}, score=True)
    except GlowError as error:
        raise SystemExit(f"client: {error}") from None

    for what, scores in (("sample", edited.input_scores), (f"{name} {given.strength:+g}", edited.scores)):
        for score in scores or []:
            print(f"{what}: {score.bits_per_dimension:.3f} bits/dim")
    # Latents and back are the images themselves.
    client.decode_png(client.encode([*samples, edited.images[0]]).latents).save(given.out)
    print(f"{given.out}: {len(samples)} samples, and the first as edited")


if __name__ == "__main__":
    main()
