// What main.ts needs to know of a command.
export type Command = { usage: string; run: (args: string[]) => Promise<void> }
