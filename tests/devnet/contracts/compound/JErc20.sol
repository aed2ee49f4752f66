// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.0;

import './JToken.sol';

contract JErc20 is JToken {
    address public immutable underlying;

    constructor(
        address underlying_,
        address comptroller_,
        address model,
        uint256 initialRate,
        string memory symbol_,
        address admin_
    ) JToken(comptroller_, model, initialRate, symbol_, admin_) {
        underlying = underlying_;
    }

    function cashPrior() internal view override returns (uint256) {
        return IJUnderlying(underlying).balanceOf(address(this));
    }

    function cashNow() internal view override returns (uint256) {
        return cashPrior();
    }

    function take(address from, uint256 amount) internal override {
        require(IJUnderlying(underlying).transferFrom(from, address(this), amount), "take");
    }

    function give(address payable to, uint256 amount) internal override {
        require(IJUnderlying(underlying).transfer(to, amount), "give");
    }

    function mint(uint256 amount) external returns (uint256) {
        return mintFresh(msg.sender, amount);
    }

    function repayBorrow(uint256 amount) external returns (uint256) {
        accrueInterest();
        repayFresh(msg.sender, msg.sender, amount);
        return 0;
    }

    function repayBorrowBehalf(address borrower, uint256 amount) external returns (uint256) {
        accrueInterest();
        repayFresh(msg.sender, borrower, amount);
        return 0;
    }

    function liquidateBorrow(address borrower, uint256 amount, JToken collateral) external returns (uint256) {
        return liquidateFresh(msg.sender, borrower, amount, collateral);
    }
}
