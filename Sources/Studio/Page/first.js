// Pictures to begin with: the first of the data set, else samples.

import { getData, sample } from "./api.js";
import { pictureOfData, pictureOfPNG } from "./pictures.js";

export async function getFirstPictures(model, number) {
  if (model.data) {
    const { images } = await getData({ from: 0, count: number });
    return images.map((image) => pictureOfData(image, model.labels));
  }
  const { images } = await sample({ count: number, temperature: 0.7, seed: 0 });
  return images.map((image, index) => pictureOfPNG(image, `Sample ${index + 1}`));
}
