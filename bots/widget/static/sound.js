// A short sound for what comes in while nobody looks. Off until the customer switches it on.

import { byId } from "./nodes.js";

const TONES = [[660, 0], [880, 0.12]];
const LASTS = 0.14;

export class Sound {
  constructor(memory) {
    this.memory = memory;
    this.button = byId("sound");
    this.on = memory.get("sound") === "1";
    this.context = null;
    this.button.addEventListener("click", () => {
      this.on = !this.on;
      memory.set("sound", this.on ? "1" : "0");
      this.draw();
      if (this.on) this.play();
    });
  }

  speak(words) {
    this.button.setAttribute("aria-label", words.sound);
    this.draw();
  }

  draw() {
    this.button.setAttribute("aria-pressed", this.on);
  }

  play() {
    if (!this.on || !window.AudioContext) return;
    this.context ||= new AudioContext();
    // Before a first click browsers keep still; then it is the next one that is heard.
    this.context.resume();
    for (const [pitch, after] of TONES) {
      const start = this.context.currentTime + after;
      const tone = this.context.createOscillator();
      const volume = this.context.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.08, start);
      volume.gain.exponentialRampToValueAtTime(0.001, start + LASTS);
      tone.connect(volume).connect(this.context.destination);
      tone.start(start);
      tone.stop(start + LASTS);
    }
  }
}
