// What makes the tool of each tab. Its modules are fetched when the tab is opened for the first time.

const makers = {
  sample: async () => (await import("./sample.js")).makeSample,
  edit: async () => (await import("./edit.js")).makeEdit,
  mix: async () => (await import("./mix.js")).makeMix,
  score: async () => (await import("./score.js")).makeScore,
  training: async () => (await import("./training.js")).makeTraining,
  models: async () => (await import("./models.js")).makeModels,
  about: async () => (await import("./about.js")).makeAbout,
};

export const isTool = (name) => Object.hasOwn(makers, name);

export async function makerOf(name) {
  try {
    return await makers[name]();
  } catch (error) {
    throw new Error("The server does not answer. Reload the page once it does.", { cause: error });
  }
}
