// Taking a picture with the camera of this device.

import { make } from "./controls.js";

const reasons = {
  NotAllowedError: "The browser gives this page no camera. Allow it beside the page's address, then try again.",
  NotFoundError: "This device has no camera.",
  NotReadableError: "The camera is in use by another program. Close that, then try again.",
};
const wanted = { video: { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } } };

// Browsers give no camera to pages that came unprotected from another machine.
export const hasCamera = () => Boolean(navigator.mediaDevices?.getUserMedia);

// A file of what the camera sees when a button is pressed; null where none is. The camera runs no longer than the dialog is open.
export async function takePicture() {
  const stream = await openCamera();
  const video = make("video", { autoplay: true, muted: true, playsInline: true, srcObject: stream });
  video.setAttribute("aria-label", "What the camera sees");
  const take = make("button", { className: "primary", id: "camera-take", disabled: true }, "Take the picture");
  const cancel = make("button", { type: "button", id: "camera-cancel" }, "Cancel");
  const title = make("h2", { id: "camera-title" }, "Camera");
  const form = make("form", { method: "dialog" }, title, video, make("div", { className: "buttons" }, take, cancel));
  const dialog = make("dialog", { id: "camera" }, form);
  dialog.setAttribute("aria-labelledby", title.id);
  document.body.append(dialog);
  video.onloadeddata = () => {
    take.disabled = false;
    take.focus();
  };
  dialog.showModal();
  const isTaken = await new Promise((done) => {
    form.onsubmit = () => done(true);
    cancel.onclick = () => done(false);
    dialog.oncancel = () => done(false);
  });
  const file = isTaken ? await fileOf(video) : null;
  for (const track of stream.getTracks()) track.stop();
  dialog.remove();
  return file;
}

async function openCamera() {
  try {
    return await navigator.mediaDevices.getUserMedia(wanted);
  } catch (error) {
    throw new Error(reasons[error.name] ?? `The camera can not be used: ${error.message}`);
  }
}

async function fileOf(video) {
  const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return new File([blob], "Camera", { type: blob.type });
}
