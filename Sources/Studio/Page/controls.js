// Small building blocks of the page.

const patience = 300;

export const byId = (id) => document.getElementById(id);

// An element with properties (`data` and `aria` set attributes) and children.
export function make(tag, { data = {}, aria = {}, ...properties } = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  element.append(...children);
  return element;
}

// A labeled slider with its value beside it.
export function makeSlider({ id, label, note, min, max, step, value, format }) {
  const input = make("input", { type: "range", id, min, max, step, value });
  input.defaultValue = value;
  const output = make("output", { htmlFor: id, aria: { live: "off" } });
  const name = make("label", { htmlFor: id }, label);
  const head = make("div", { className: "slider-head" }, name, output);
  const small = make("span", { className: "small-print", id: `${id}-note` }, note ?? "");
  if (note) {
    input.setAttribute("aria-describedby", small.id);
    name.after(small);
  }
  const show = () => {
    output.value = format(input.valueAsNumber);
    input.setAttribute("aria-valuetext", output.value);
  };
  input.addEventListener("input", show);
  show();
  return { row: make("div", { className: "slider" }, head, input), input, note: small, show };
}

export function fillSelect(select, names) {
  select.append(...names.map((name, index) => make("option", { value: index }, name)));
}

// Words beside a control: what goes on, or what went wrong and how to try again.
export function makeStatus(element) {
  let timer;
  const replace = (...children) => {
    clearTimeout(timer);
    element.replaceChildren(...children);
  };
  return {
    clear: () => replace(),
    say: (text) => replace(make("p", {}, text)),
    // `remark` is empty where all is well.
    done: (remark) => (remark ? replace(make("p", { className: "remark" }, remark)) : replace()),
    // Only said of what takes a while, so that quick answers do not flicker.
    busy: (text) => {
      clearTimeout(timer);
      timer = setTimeout(() => replace(make("p", { className: "busy" }, text)), patience);
    },
    fail: (error, retry) => {
      replace(make("p", { className: "error", role: "alert" }, error.message));
      if (retry && error.isPassing !== false) {
        element.append(make("button", { type: "button", className: "retry", onclick: retry }, "Retry"));
      }
    },
  };
}

// Calls `send` with one value at a time; of the values that come meanwhile only the newest is sent.
export function coalesce(send) {
  let waiting = [];
  let isSending = false;
  return async (value) => {
    waiting = [value];
    if (isSending) return;
    isSending = true;
    try {
      while (waiting.length > 0) await send(waiting.pop());
    } finally {
      isSending = false;
    }
  };
}

// Shows how long an answer took, and leaves the number for scripts.
export function showLatency(output, milliseconds) {
  const rounded = Math.round(milliseconds);
  output.value = `Last answer in ${rounded} ms`;
  output.dataset.latency = rounded;
}
