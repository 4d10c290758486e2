// Pressing a phrase or an order's number copies it and opens the chat, where it only has to be pasted.
"use strict";

const toast = document.getElementById("toast");
let hiding = 0;

function tell(words) {
  toast.textContent = words;
  toast.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => toast.classList.remove("shown"), 4000);
}

// A queue until the chat's script has loaded, the chat itself afterwards.
function openChat() {
  (window.estafeta = window.estafeta || []).push(["open"]);
}

async function copy(words) {
  try {
    await navigator.clipboard.writeText(words);
    tell(toast.dataset.copied + words);
  } catch {
    tell(toast.dataset.failed + words); // no permission, or the page is not served securely
  }
}

document.addEventListener("click", async (event) => {
  const phrase = event.target.closest("[data-say]");
  if (phrase) await copy(phrase.dataset.say);
  if (phrase || event.target.closest("[data-chat]")) openChat();
});
