"use strict";
// The file stays on this device: only its digest is computed, and compared here.
const chooser = document.getElementById("file");
if (chooser && window.crypto && window.crypto.subtle) {
  document.getElementById("choose").hidden = false;
  chooser.addEventListener("change", async () => {
    const file = chooser.files[0];
    if (!file) { return; }
    const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
    const digest = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    const same = digest === document.getElementById("digest").textContent;
    const answer = document.getElementById("answer");
    answer.className = same ? "good" : "bad";
    answer.textContent = same
      ? "一致:您手里的文件就是这份文书,一个字也没有改过。"
      : "不一致:您手里的文件不是这份文书,或者被改过。";
  });
}
