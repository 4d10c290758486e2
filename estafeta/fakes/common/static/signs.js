// Emoji on a machine that has no font for them: drawn by the style sheet with characters that plain fonts hold.

const KNOWN = [
  "🔴", "🟢", "🤖", "✅", "👤", "💬", "📝", "✏️", "⚙️", "⚠️", "⏰", "👌", "👀", "👎", "👍", "✍", "❤️", "❤", "🔥", "😁", "😂", "🤔",
  "🖼", "📎", "🎤", "🎵", "🎬", "🙂", "📍", "📌", "📄", "🟡", "⚪️", "🕒", "⏱", "⏳", "📆", "✋", "🙋", "📋", "🔔", "🎚", "⛔", "🔒",
  "📊", "🕊", "🙈", "🙊", "🗑", "☎️", "↩️", "↗️", "‼️", "❗️", "❓", "⚡️", "📁", "🗣", "🏁", "🔎",
];
const ANY = new RegExp(`(${KNOWN.join("|")})`, "u");

// Emoji come in colour; without a font a black box is drawn.
function fontIsThere() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 20;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  if (!pen) return true;
  pen.font = "16px sans-serif";
  pen.fillText("🔴", 0, 16);
  const { data } = pen.getImageData(0, 0, 20, 20);
  for (let at = 0; at < data.length; at += 4) if (data[at] > data[at + 1] + 60) return true;
  return false;
}

const needed = !fontIsThere();

// The text as nodes; its characters stay what they are, for copying and for screen readers.
export function withSigns(text) {
  if (!needed || !ANY.test(text)) return [document.createTextNode(text)];
  return text.split(ANY).filter(Boolean).map((piece) => {
    if (!KNOWN.includes(piece)) return document.createTextNode(piece);
    const sign = document.createElement("span");
    sign.className = "sign";
    sign.dataset.sign = piece;
    sign.textContent = piece;
    return sign;
  });
}
