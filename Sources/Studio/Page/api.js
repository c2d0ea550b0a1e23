// Requests to the server: its token, its errors in words, and a second try when it is busy.

import { readEvents } from "./stream.js";

const tokenKey = "glow-studio-token";
const longestWait = 60;

export class ApiError extends Error {
  constructor(message, { status = 0, field = "" } = {}) {
    super(message);
    this.status = status;
    this.field = field;
  }

  // Whether the same request may well succeed later.
  get isPassing() {
    return [0, 401, 408, 429, 500, 503].includes(this.status);
  }
}

export const getModels = async () => (await getJSON("/v1/models")).models;
export const getModel = () => getJSON(withModel("/v1/model"));
export const getModelPicture = (name, signal) =>
  request(`/v1/model/picture?model=${encodeURIComponent(name)}`, { signal }).then((response) => response.blob());
export const sample = (body) => postJSON("/v1/sample", body);
export const interpolate = (body, signal) => postJSON("/v1/interpolate", body, signal);
export const edit = (body, signal) => postJSON("/v1/edit", body, signal);
export const score = (body) => postJSON("/v1/score", body);
export const steps = (body) => postJSON("/v1/steps", body);
export const compress = (body) => postJSON("/v1/compress", body);
export const getData = (query) => getJSON(withModel("/v1/data", query));
export const getReference = () => getJSON(withModel("/v1/reference"));
export const getRuns = async () => (await getJSON("/v1/runs")).runs;
export const getRunFilm = (id) => getJSON(`${runPath(id)}/film`);
export const getRunSamples = (id) => answer(`${runPath(id)}/samples`, {}, "blob");
export const getRunMetrics = (id, signal) => request(`${runPath(id)}/metrics`, { signal });
export const isServerUp = () => fetch("/healthz", { cache: "no-store" }).then(({ ok }) => ok, () => false);

const runPath = (id) => `/v1/runs/${encodeURIComponent(id)}`;
const getJSON = (path) => answer(path, {}, "json");

// Given up when `signal`, where there is one, says so.
function postJSON(path, body, signal) {
  const headers = { "Content-Type": "application/json" };
  return answer(withModel(path), { method: "POST", headers, body: JSON.stringify(body), signal }, "json");
}

// The events of samples that are drawn, as they are made, until `signal` gives them up.
export async function* streamSamples(body, signal) {
  const headers = { "Content-Type": "application/json", Accept: "text/event-stream" };
  const given = AbortSignal.any([signal, visit.signal]);
  const response = await request(withModel("/v1/sample"), { method: "POST", headers, body: JSON.stringify(body), signal: given });
  try {
    for await (const { event, data } of readEvents(response)) {
      if (event === "problem") throw new ApiError(sentence(data.detail), data);
      if (event === "end") return;
      yield { event, data };
    }
  } catch (error) {
    throw error instanceof ApiError ? error : connectionError(error);
  }
  throw new ApiError("The server broke off.");
}

// Model

let modelName = null;
let visit = new AbortController();

// Requests from now on are for the model of that name; null for the server's only one. What was asked before is given up,
// and never answered: the tools that asked are gone.
export function useModel(name) {
  visit.abort();
  visit = new AbortController();
  modelName = name;
}

export function withModel(path, query = {}) {
  const all = modelName === null ? query : { ...query, model: modelName };
  const text = new URLSearchParams(all).toString().replaceAll("+", "%20");
  return text === "" ? path : `${path}?${text}`;
}

function answer(path, options, kind) {
  const { signal } = visit;
  return new Promise((done, fail) => {
    const given = options.signal ? AbortSignal.any([signal, options.signal]) : signal;
    request(path, { ...options, signal: given }).then((response) => read(response, kind)).then(
      (value) => signal.aborted || done(value), (error) => signal.aborted || fail(error));
  });
}

// Token

let giveToken = null;
let askedToken = null;

// `ask` is called with the reason when the server wants a token, and returns a promise of one.
export function onTokenNeeded(ask) {
  giveToken = ask;
}

// Moves a token out of the page's address into the session. Returns whether there was one.
export function takeTokenFromAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!token) return false;
  sessionStorage.setItem(tokenKey, token);
  history.replaceState(null, "", location.pathname + location.search);
  return true;
}

// Requests that fail together ask once.
async function renewToken(error) {
  const hadToken = sessionStorage.getItem(tokenKey) !== null;
  askedToken ??= giveToken(hadToken ? error.message : "").finally(() => (askedToken = null));
  const token = await askedToken;
  if (!token) throw new ApiError("The server needs a token.", { status: 401 });
  sessionStorage.setItem(tokenKey, token);
}

// Requests

async function request(path, options = {}) {
  let hasWaited = false;
  for (;;) {
    const response = await send(path, options);
    if (response.ok) return response;
    const error = await problem(response);
    if (error.status === 401) {
      await renewToken(error);
    } else if (error.status === 429 && !hasWaited) {
      hasWaited = true;
      await pause(1000 * retryAfter(response));
    } else {
      if (hasWaited) error.message = `The server is still busy after a second try. ${error.message}`;
      throw error;
    }
  }
}

async function send(path, options) {
  const headers = new Headers(options.headers);
  const token = sessionStorage.getItem(tokenKey);
  if (token) headers.set("Authorization", `Bearer ${token}`);
  try {
    return await fetch(path, { ...options, headers, cache: "no-store" });
  } catch (error) {
    throw connectionError(error);
  }
}

async function read(response, kind) {
  try {
    return await response[kind]();
  } catch (error) {
    throw connectionError(error);
  }
}

function connectionError(error) {
  return error.name === "AbortError" ? error : new ApiError("The server does not answer.");
}

async function problem(response) {
  const body = await response.json().catch(() => ({}));
  const detail = body.detail ?? body.title ?? `The server answers ${response.status} ${response.statusText}`;
  return new ApiError(sentence(detail), { status: response.status, field: body.field });
}

function sentence(text) {
  const named = text.replace(/^images\[\d+\](\.data|\.kept)?/, "The image");
  return /[.!?]$/.test(named) ? named : `${named}.`;
}

function retryAfter(response) {
  const seconds = Number(response.headers.get("Retry-After"));
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0.5), longestWait) : 1;
}

export const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
