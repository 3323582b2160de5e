import { get } from "node:http";
import { connect } from "node:net";
import { HOST } from "./ports.ts";

const SLOWEST_MS = 2000;

/** What is wrong with the instance on this port, or null: its health path must answer 2xx; without one, an open port is enough. */
export function healthProblem(port: number, path: string | null): Promise<string | null> {
  return path === null ? openProblem(port) : answerProblem(port, path);
}

function answerProblem(port: number, path: string): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get({ host: HOST, port, path, agent: false, timeout: SLOWEST_MS, headers: { "user-agent": "sluice" } }, (answer) => {
      const status = answer.statusCode ?? 0;
      answer.destroy();
      resolve(status >= 200 && status < 300 ? null : `${path} answered ${status}`);
    });
    request.once("timeout", () => request.destroy(new Error(`no answer within ${SLOWEST_MS / 1000} s`)));
    request.once("error", (error) => resolve(`${path}: ${error.message}`));
  });
}

function openProblem(port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: HOST, timeout: SLOWEST_MS });
    const settle = (problem: string | null) => {
      socket.destroy();
      resolve(problem);
    };
    socket.once("connect", () => settle(null));
    socket.once("timeout", () => settle(`port ${port} does not answer`));
    socket.once("error", (error) => settle(error.message));
  });
}
