// Text to nodes: http and https addresses become links, everything else stays text.

const ADDRESS = /https?:\/\/[^\s<>"']+/gi;

export function linked(text) {
  const fragment = document.createDocumentFragment();
  let from = 0;
  for (const found of text.matchAll(ADDRESS)) {
    const address = trimmed(found[0]);
    const link = linkTo(address);
    if (!link) continue;
    fragment.append(text.slice(from, found.index), link);
    from = found.index + address.length;
  }
  fragment.append(text.slice(from));
  return fragment;
}

function linkTo(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  const link = document.createElement("a");
  link.href = url.href;
  link.rel = "noopener noreferrer";
  link.target = "_blank";
  link.textContent = address;
  return link;
}

// The full stop of a sentence and a bracket opened before the address are not part of it.
function trimmed(address) {
  let end = address.length;
  while (end > 0) {
    const last = address[end - 1];
    const body = address.slice(0, end);
    const unopened = last === ")" && body.split("(").length < body.split(")").length;
    if (!unopened && !".,;:!?…»”]}*_".includes(last)) break;
    end -= 1;
  }
  return address.slice(0, end);
}
