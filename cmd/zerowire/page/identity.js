// Each tab is somebody: a colour, which is also its name until it takes
// another, and an id that no other tab is likely to have.

const colours = [
  "tomato", "darkorange", "goldenrod", "olivedrab", "seagreen", "teal",
  "steelblue", "royalblue", "slateblue", "orchid", "crimson", "sienna",
];

// colourOf returns the colour of an id or a name: the one it begins with, or
// one that is always the same for it.
export function colourOf(id) {
  const named = colours.find((colour) => id.toLowerCase().startsWith(colour));
  if (named) return named;
  let hash = 0;
  for (const c of id) hash = (hash * 31 + c.codePointAt(0)) % 9973;
  return colours[hash % colours.length];
}

const random = crypto.getRandomValues(new Uint16Array(2));

export const myColour = colours[random[0] % colours.length];
export const myID = `${myColour}-${random[1].toString(16).padStart(4, "0")}`;
