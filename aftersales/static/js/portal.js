// The public pages work without this. Where it runs, the customer may sign with a finger instead of sending a photo.
import { signatures } from "./signature.js";

for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false;
signatures(document);
