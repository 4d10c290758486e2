// Pressing a phrase or an order's number copies it, ready for the chat, and says so.
"use strict";

const toast = document.getElementById("toast");
let hiding = 0;

function tell(words) {
  toast.textContent = words;
  toast.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => toast.classList.remove("shown"), 4000);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-say]");
  if (!button) return;
  const words = button.dataset.say;
  try {
    await navigator.clipboard.writeText(words);
    tell(toast.dataset.copied + words);
  } catch {
    tell(toast.dataset.failed + words); // no permission, or the page is not served securely
  }
});
