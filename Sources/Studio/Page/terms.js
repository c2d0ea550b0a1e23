// What the page's words mean: a sentence and a picture each. A picture is a list of paths with the class that colors them.

const base = 52;

function bell(center, spread, height) {
  const points = Array.from({ length: 25 }, (_, index) => (index - 12) / 4);
  return `M${points.map((at) => `${center + spread * at} ${(base - height * Math.exp(-at * at / 2)).toFixed(1)}`).join("L")}`;
}
const box = (x, y, width, height = width) => `M${x} ${y}h${width}v${height}h${-width}z`;
const dot = (x, y) => `M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0-6 0`;
const arrow = (x, y, length) => `M${x} ${y}h${length}m-7-6l7 6l-7 6`;
const bits = (y, pattern, width = 9) => [...pattern].map((bit, index) =>
  [bit === "1" ? "solid" : "line", box(16 + (width + 2) * index, y, width)]);
const dots = (places) => places.map(([x, y]) => dot(x, y)).join("");
const draws = (x) => ["solid", [[1, 1], [27, 1], [14, 14], [1, 27]].map(([right, down]) => box(x + right, 10 + down, 13)).join("")];

export const terms = {
  temperature: ["Temperature is how widely the latents are drawn: low gives plain images, high gives varied and stranger ones.",
    ["quiet", bell(80, 22, 20)], ["line", bell(80, 9, 46)]],
  level: ["A level is one scale of the model: the first holds the finest details, the last the shape of the whole.",
    ["quiet", box(54, 4, 52) + "M80 4v52M54 30h52"], ["line", "M67 4v26M54 17h26"], ["line", "M60.5 4v13M54 10.5h13"]],
  seed: ["The seed is the number from which the random draws start: the same seed gives the same images again.",
    ["quiet", box(10, 18, 24) + box(66, 10, 41) + box(113, 10, 41)], ["solid", dots([[16, 24], [22, 30], [28, 36]])],
    ["line", arrow(40, 30, 20)], draws(66), draws(113)],
  "what the model is told": ["In training the model was told this about each image, so now it draws what it is told.",
    ["quiet", "M10 30l12-11h32v22h-32z" + box(104, 8, 44)], ["line", arrow(64, 30, 28)], ["solid", dots([[24, 30], [118, 23], [134, 23]])],
    ["line", "M113 35q13 14 26 0"]],
  direction: ["A direction leads through the latents from images without an attribute to images with it.",
    ["quiet", dots([[22, 40], [32, 48], [40, 38], [28, 30], [46, 47], [38, 27]])],
    ["solid", dots([[112, 24], [122, 14], [130, 26], [140, 17], [124, 34], [136, 36]])], ["line", "M52 36L100 26m-9-4l9 4l-7 7"]],
  AUC: ["AUC is how often a direction ranks an image with the attribute above one without it: 1 is always, 0.5 is chance.",
    ["quiet", bell(58, 16, 42)], ["line", bell(102, 16, 42)], ["line dashed", "M80 4V54"]],
  spherical: ["Spherical follows the arc, where latents keep their usual length; straight takes the chord, where they get too short.",
    ["quiet", "M38 44H122"], ["line", "M38 44A46 46 0 0 1 122 44"], ["solid", dots([[38, 44], [122, 44]])]],
  "bits/dim": ["Bits/dim is how many bits the model needs for one value of the image: fewer means more likely.",
    ...bits(14, "1011"), ...bits(37, "100110100101")],
  percentile: ["The percentile is the share of the reference images that the model finds less likely than this one.",
    ["tint", bell(80, 20, 42).split("L").slice(0, 16).join("L") + `V${base}z`], ["quiet", bell(80, 20, 42)], ["line", "M95 8V54"]],
  corrected: ["The corrected score is bits/dim less those of the image as a PNG, so that plain images do not pass for likely ones.",
    ["tint", box(16, 10, 128, 14)], ["quiet", box(16, 10, 128, 14) + box(16, 36, 84, 14)], ["solid", box(104, 36, 40, 14)]],
  latent: ["Latents are the numbers that an image becomes in the model: as many as it has values, each like a draw from the bell.",
    ["quiet", box(12, 8, 44) + bell(124, 11, 40)], ["line", "M12 44l14-14l10 9l8-11l12 12"], ["line", arrow(64, 30, 20)],
    ["solid", dots([[110, 46], [120, 40], [128, 28], [125, 46], [136, 44], [119, 26]])]],
  "dequantization noise": ["Pixels are whole numbers, so a random fraction is added to each to fill the gaps between them.",
    ["tint", box(22, 34, 36, 18) + box(62, 14, 36, 38) + box(102, 26, 36, 26)], ["line", "M22 52V34M62 52V14M102 52V26"], ["quiet", `M12 ${base}h136`]],
  "log-determinant": ["A step's log-determinant says how much it stretches the space around the image: stretching thins likelihood out.",
    ["quiet", box(20, 18, 24)], ["line", arrow(56, 30, 20)], ["tint", "M90 48l12-38h46l-12 38z"], ["line", "M90 48l12-38h46l-12 38z"]],
};
