// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

import './JToken.sol';

/// The native coin's market in jTRX's shape: no `underlying()`, payable functions, and
/// `repayBorrow(uint256)` with an amount, whose excess goes back.
contract JNative is JToken {
    constructor(address comptroller_, address model, uint256 initialRate, string memory symbol_, address admin_)
        JToken(comptroller_, model, initialRate, symbol_, admin_)
    {}

    /// Coins may come without a call, and make everybody's cTokens worth more.
    receive() external payable {}

    function cashPrior() internal view override returns (uint256) {
        return address(this).balance - msg.value;
    }

    function cashNow() internal view override returns (uint256) {
        return address(this).balance;
    }

    function take(address, uint256 amount) internal override {
        require(msg.value >= amount, "value");
    }

    function give(address payable to, uint256 amount) internal override {
        (bool done,) = to.call{value: amount}("");
        require(done, "give");
    }

    function mint() external payable {
        require(mintFresh(msg.sender, msg.value) == 0, "mint failed");
    }

    function repayBorrow(uint256 amount) external payable {
        repayAndReturn(msg.sender, amount);
    }

    function repayBorrowBehalf(address borrower, uint256 amount) external payable {
        repayAndReturn(borrower, amount);
    }

    function repayAndReturn(address borrower, uint256 amount) private {
        accrueInterest();
        uint256 repaid = repayFresh(msg.sender, borrower, amount);
        if (msg.value > repaid) give(payable(msg.sender), msg.value - repaid);
    }

    function liquidateBorrow(address borrower, JToken collateral) external payable {
        require(liquidateFresh(msg.sender, borrower, msg.value, collateral) == 0, "liquidateBorrow failed");
    }
}
