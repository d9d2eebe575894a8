/** The same small program, written once with each library: a client of a payment service. */
export interface Payments {
  charge(id: number): Promise<unknown>;
  pay(amount: number): Promise<unknown>;
  close?(): Promise<void> | void;
}
