// 催报: each unit's text follows the text typed; it is copied with a click; the button counts who gets it.
const form = document.querySelector("[data-remind]");

if (form) {
  const PLACEHOLDERS = ["【单位】", "【报告期】", "【报表】", "【截止时间】", "【时限】"];
  const words = form.elements.text;
  const ticks = [...form.querySelectorAll("input[name=unit]")];
  const texts = [...form.querySelectorAll("[data-remind-text]")];
  const copied = form.querySelector("[data-copied]");
  const count = form.querySelector("[data-remind-count]");
  const all = form.querySelector("[data-tick-all]");

  words.addEventListener("input", () => {
    for (const text of texts) {
      text.value = PLACEHOLDERS.reduce(
        (filled, placeholder, at) => filled.split(placeholder).join(text.dataset[`w${at}`]),
        words.value,
      );
    }
  });

  const recount = () => {
    const ticked = ticks.filter((tick) => tick.checked).length;
    count.textContent = ` ${ticked} 个单位`;
    all.checked = ticked === ticks.length;
    all.indeterminate = ticked > 0 && ticked < ticks.length;
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const tick of ticks) {
      tick.checked = all.checked;
    }
    recount();
  });
  form.addEventListener("change", recount);
  recount();

  // Without https a page may not use the clipboard itself; selecting and copying is what is left.
  const copy = async (text) => {
    if (navigator.clipboard && window.isSecureContext) {
      await navigator.clipboard.writeText(text);
      return;
    }
    const holder = document.createElement("textarea");
    holder.value = text;
    document.body.append(holder);
    holder.select();
    document.execCommand("copy");
    holder.remove();
  };
  const say = (button, words_said) => {
    const before = button.textContent;
    button.textContent = words_said;
    copied.textContent = words_said;
    setTimeout(() => {
      button.textContent = before;
    }, 1500);
  };
  for (const button of form.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await copy(button.closest("td").querySelector("textarea").value);
      say(button, "已复制");
      button.focus();
    });
  }
  const everyone = form.querySelector("[data-copy-all]");
  everyone.hidden = false;
  everyone.addEventListener("click", async () => {
    const chosen = texts.filter((text) => text.closest("tr").querySelector("input[name=unit]").checked);
    await copy(chosen.map((text) => [text.dataset.who, text.value].filter(Boolean).join("\n")).join("\n\n"));
    say(everyone, `已复制 ${chosen.length} 条`);
    everyone.focus();
  });
}
